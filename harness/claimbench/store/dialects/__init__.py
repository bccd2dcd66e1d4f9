"""What differs between SQLite and PostgreSQL, each difference in one place: locks, upserts,
questions about tables, the removal of a run, and the words of faults.
"""
