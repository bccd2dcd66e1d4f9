"""Rows that are more than one question and its answer: conversations and tools."""
