"""Pages of a results folder: ``bench view`` serves them, ``bench publish`` writes them as files.

``index_file`` writes what a judged run has to show into a file of its own, once, in a process of
its own; ``shelf`` reads it, by keys; ``pages`` makes HTML of that for both. ``guard`` lets nobody
in but the person who started the server. Nothing here judges, prices or rounds.
"""
