"""Charts, tables and numbers of all reports."""
