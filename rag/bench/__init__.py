"""Measuring models on this machine: what each costs in seconds, tokens and memory, honestly taken."""
