"""What is kept about runs beside what they measured: finding them, words about them, removing
them.
"""
