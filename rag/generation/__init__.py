"""Hits to text."""
