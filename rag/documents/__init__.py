"""Bytes to passages."""
