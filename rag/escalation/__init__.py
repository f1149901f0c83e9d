"""Can the draft be trusted, and what follows."""
