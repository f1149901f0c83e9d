"""Replay of a fixed question set, its scores, and what changed between two runs."""
