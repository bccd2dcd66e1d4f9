"""``python -m claimbench.cli``: the same as ``bench``."""

from claimbench.cli import main

main()
