"""Grounding: citations, support, numbers, names and negations of a text against its passages; pure functions."""
