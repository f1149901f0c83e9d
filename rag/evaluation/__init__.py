"""How good answers are: a question set replayed, scored and compared."""
