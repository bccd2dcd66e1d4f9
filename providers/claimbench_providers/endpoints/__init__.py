"""Providers that reach a model over the network: protocols, vendors, and what refusals say."""
