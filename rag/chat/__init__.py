"""The chat: Chainlit's handlers, messages and elements."""
