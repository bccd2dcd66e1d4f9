"""Sentences about downloads and trending lists, read wholly or not at all."""
