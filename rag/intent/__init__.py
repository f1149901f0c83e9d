"""What a question asks for, and about which documents; decided before the search, without a model."""
