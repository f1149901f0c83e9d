"""Text analysis in any language: search terms, sentences, language codes."""
