"""Providers and a server that follow a script: for tests and ``bench doctor``, never a result."""
