"""Where the lab's files lie: its page, the browser runtime, the models for browsers, the table of public models."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class LabFiles:
    """Folders and files; none of them need be there."""

    page: Path
    """The front end: `index.html` and what it loads."""
    package_file: Path
    """`package.json`, which pins the browser runtime."""
    hub_file: Path
    """`models.json`, the table of public models."""
    data_dir: Path
    """Under it `rag lab install` lays the runtime."""
    models_dir: Path
    """Models that a browser may load, each a folder."""

    @classmethod
    def of(cls, root: Path, data_dir: Path, models_dir: Path | None) -> "LabFiles":
        """The places of an app whose files lie in `root`; without a `models_dir` it is one in the data folder."""
        lab = root / "lab"
        models = models_dir or data_dir / "lab" / "models"
        return cls(lab / "page", lab / "package.json", lab / "models.json", data_dir, models)


def app_folder() -> Path:
    """The app's folder: where the command was started, or where this code lies if it was started elsewhere."""
    return Path() if (Path() / "lab" / "page" / "index.html").exists() else Path(__file__).parents[2]
