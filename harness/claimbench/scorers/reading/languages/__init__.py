"""Words of many languages that answers are read by."""
