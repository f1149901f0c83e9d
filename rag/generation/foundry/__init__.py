"""Foundry Local in a supervised process of its own: `model` asks `supervisor`, which runs `program` in a `child`."""
