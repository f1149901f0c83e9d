"""The progress bar of all commands: one line on a terminal's standard error, nothing in a pipe or a file."""

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn


class ProgressBar:
    """A bar that is there inside its `with` block and wiped at its end.

    It is drawn at each `update` and never in between: a thread that draws would disturb what is timed.
    """

    def __init__(self) -> None:
        console = Console(stderr=True)
        columns = (TextColumn("{task.description}", markup=False), BarColumn(None))
        self._progress = Progress(
            *columns, console=console, expand=True, transient=True, auto_refresh=False, disable=not console.is_terminal
        )
        self._task = self._progress.add_task("", visible=False)

    def __enter__(self) -> "ProgressBar":
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def update(self, done: int, total: int, text: str) -> None:
        """Draws the text, and the bar at `done` of `total` in the rest of the line."""
        self._progress.update(self._task, completed=done, total=total, description=text, visible=True, refresh=True)

    def log(self, line: str) -> None:
        """Writes a line that stays, above the bar; without a terminal it is all that is written."""
        self._progress.console.print(line, markup=False, emoji=False, highlight=False, soft_wrap=True)
