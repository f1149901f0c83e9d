"""The turn log, the report of it, and what is calibrated with it."""
