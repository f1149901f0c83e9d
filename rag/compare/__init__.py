"""One question, answered in every way that this app has: small, large, refined, escalated; side by side."""
