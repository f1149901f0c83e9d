"""A file to its text and passages, read by worker processes under limits."""
