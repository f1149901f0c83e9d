"""What is held true, room by room as `rag/` has them."""

from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
