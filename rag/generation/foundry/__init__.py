"""Foundry Local in a supervised child process: `model` asks `runtime`, which talks to `child_main` through `child`."""
