"""What is imported is declared: nothing is there only because something else happens to need it."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

from tests import REPOSITORY

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
DISTRIBUTIONS = packages_distributions()
OURS = {"rag", "tests", "benchmarks", "hatch_build"}


def imported(files: Iterable[Path]) -> Iterator[tuple[str, str]]:
    """Each package that a file imports, with the file."""
    for file in files:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            match node:
                case ast.Import():
                    names = [alias.name for alias in node.names]
                case ast.ImportFrom(module=str(module)):
                    names = [module]
                case _:
                    continue
            for name in names:
                if (top := name.split(".")[0]) not in OURS | sys.stdlib_module_names:
                    yield top, file.relative_to(REPOSITORY).as_posix()


def names(requirements: Iterable[str]) -> set[str]:
    found = (re.match(r"[\w.-]+", requirement) for requirement in requirements)
    return {normal(match[0]) for match in found if match}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def undeclared(files: Iterable[Path], declared: set[str]) -> dict[str, str]:
    """Packages that no declared distribution has, each with a file that imports it."""
    return {
        package: file
        for package, file in imported(files)
        if not declared & {normal(distribution) for distribution in DISTRIBUTIONS.get(package, (package,))}
    }


def test_what_the_app_imports_is_a_dependency_of_its_own():
    files = [REPOSITORY / "app.py", *(REPOSITORY / "rag").rglob("*.py")]
    assert undeclared(files, names(PROJECT["dependencies"])) == {}


def test_what_tests_and_benchmarks_import_is_in_an_extra():
    extras = PROJECT["optional-dependencies"]
    declared = names([*PROJECT["dependencies"], *extras["test"], *extras["bench"]])
    files = [*(REPOSITORY / "tests").rglob("*.py"), *(REPOSITORY / "benchmarks").rglob("*.py")]
    assert undeclared([*files, REPOSITORY / "hatch_build.py"], declared) == {}


def test_every_dependency_is_imported():
    files = [REPOSITORY / "app.py", *(REPOSITORY / "rag").rglob("*.py")]
    used = {normal(d) for package, _ in imported(files) for d in DISTRIBUTIONS.get(package, (package,))}
    assert names(PROJECT["dependencies"]) - used == set()


def test_every_dependency_has_a_floor_and_a_ceiling():
    extras = PROJECT["optional-dependencies"].values()
    listed = [*PROJECT["dependencies"], *(requirement for extra in extras for requirement in extra)]
    bounded = re.compile(r"[\w.-]+(?:>=[\d.]+,)?<[\d.]+(?:;.*)?")
    assert [requirement for requirement in listed if not bounded.fullmatch(requirement)] == []
