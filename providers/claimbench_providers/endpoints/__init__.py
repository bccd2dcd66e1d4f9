"""Endpoints: each vendor's protocol on the core's transport, or through an SDK."""
