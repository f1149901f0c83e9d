"""Retrieval: a question → hits."""
