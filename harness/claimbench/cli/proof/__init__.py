"""Bundles and registrations, as the commands share them."""
