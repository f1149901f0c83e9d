"""How fast models answer: `rag bench`, and small against large: `rag compare`."""
