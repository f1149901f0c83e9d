"""What Chainlit needs."""
