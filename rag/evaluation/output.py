"""Reading and writing the files of an evaluation; every fault is one sentence."""

import tempfile
from pathlib import Path

from rag.errors import StorageError
from rag.evaluation.markdown import report
from rag.evaluation.results import Results
from rag.files import read_text, reason, write_whole


def read_results(path: Path) -> Results:
    """The results in a file.

    Raises:
        StorageError: it cannot be opened.
        BrokenFile: it holds something else.
    """
    return Results.of_json(read_text(path), str(path))


def check_output(path: Path, *, force: bool) -> None:
    """Comes back when results can be written there, so that nobody measures for an hour in vain.

    Raises:
        StorageError: the file is there already and `force` is not given, its folder cannot be written, or its name is
            the report's.
    """
    if path.suffix == ".md":
        raise StorageError(f"{path} is where the report would go. Give --out a name that ends in .json.")
    for file in (path, path.with_suffix(".md")):
        if file.exists() and not force:
            raise StorageError(f"{file} is there already. Give another --out, or --force to replace it.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise IsADirectoryError(0, "it is a folder")
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {reason(error)}.") from None


def write_results(path: Path, results: Results) -> None:
    """The results as JSON, and beside them the same name with .md as a page; each file whole or not at all.

    Raises:
        StorageError: the disk is full, or the folder cannot be written.
    """
    for file, text in ((path, results.to_json()), (path.with_suffix(".md"), report(results))):
        write_whole(file, text)
