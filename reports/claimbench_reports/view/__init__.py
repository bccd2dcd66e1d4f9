"""The view: domain values -> rows to show. All rounding, wording and cutting lives here."""
