"""Where commands write: the results database that they fill, files, and standard output."""
