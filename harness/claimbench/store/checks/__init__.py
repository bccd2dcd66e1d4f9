"""What verification asks of a run's rows: of each, of those before it, and among each other."""
