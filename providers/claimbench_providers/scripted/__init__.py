"""Doubles that follow a script in place of a model: a provider, an engine and a server."""
