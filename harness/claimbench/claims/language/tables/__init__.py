"""What can be said of an arm, as tables of patterns over a text of marks.

Ways of saying: ``comp`` (more or less of a dimension, by an amount), ``share`` (an amount of the
rival's), ``level`` (an amount of its own), ``same``, ``near`` (within an amount of the rival's),
``caught``, ``best``, ``bare`` (an adjective without a limit). ``sign`` is +1 for more of the
dimension, -1 for less. An empty dimension is that of the sentence's subject ("its error rate is").
"""
