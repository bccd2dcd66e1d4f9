"""What a statement asks: ``effects`` holds sizes and directions, ``ratios`` those of dollars and
seconds, ``meaning`` makes fields of a claim of them.
"""
