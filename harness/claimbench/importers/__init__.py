"""Results that other tools measured -> runs of ours, so that the same claim checks hold for them.

One module per kind of file: other tools' in :mod:`claimbench.importers.tools`, logs of requests in
:mod:`claimbench.importers.logs`. :mod:`claimbench.importers.formats` is the table that tells them
apart, :mod:`claimbench.importers.imported_run` makes a run of them and
:mod:`claimbench.importers.stored_run` writes it. Nothing is made up on the way: a score without its
number of items gets no interval, tokens that a file does not tell stay unknown, and a cost of 0 or
null is no cost.
"""
