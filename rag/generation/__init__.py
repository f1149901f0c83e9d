"""Generation: from hits to a prompt, and from a prompt to a stream of text, by any model."""
