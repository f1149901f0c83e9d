"""Where the npm registry's address comes from."""

import os
import sys
from pathlib import Path

import pytest

from rag.errors import PackageError
from rag.lab.npm_registry import registry_address

FROM_NPM = "http://from-npm.invalid"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home and a working directory in it, without any settings of npm, and without npm."""
    for name in list(os.environ):
        if name.lower() == "npm_config_registry":
            monkeypatch.delenv(name)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.chdir(work)
    return tmp_path


def install_npm(home: Path, says: str = FROM_NPM, code: int = 0) -> None:
    """A program called npm that knows a registry."""
    (home / "bin").mkdir()
    (home / "bin" / "npm.cmd").write_text(f"@echo {says}\n@exit /b {code}\n")
    (home / "bin" / "npm").write_text(f'#!/bin/sh\n[ "$*" = "config get registry" ] && echo "{says}"\nexit {code}\n')
    (home / "bin" / "npm").chmod(0o755)


def test_the_nearest_setting_counts(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_npm(home)
    assert registry_address() == FROM_NPM
    (home / ".npmrc").write_text("fund=false\nregistry=https://user.invalid/npm/\n@own:registry=https://own.invalid\n")
    assert registry_address() == "https://user.invalid/npm"
    Path(".npmrc").write_text("# registry=https://no.invalid\nregistry = 'https://${WHO}.invalid'\n")
    monkeypatch.setenv("WHO", "project")
    assert registry_address() == "https://project.invalid"
    monkeypatch.setenv("npm_config_registry", "https://environment.invalid/")
    assert registry_address() == "https://environment.invalid"


def test_without_any_setting_the_sentence_says_what_to_set(home: Path) -> None:
    with pytest.raises(PackageError) as failure:
        registry_address()
    assert str(failure.value) == (
        "No npm registry is configured here. Set NPM_CONFIG_REGISTRY to the address of npm's public registry or of "
        "your own mirror, or use rag lab install --from FOLDER."
    )


@pytest.mark.skipif(sys.platform == "win32", reason="the made-up npm is a shell script")
@pytest.mark.parametrize(("says", "code"), [("broken", 1), ("", 0)])
def test_an_npm_that_fails_is_no_npm(home: Path, says: str, code: int) -> None:
    install_npm(home, says, code)
    with pytest.raises(PackageError, match="No npm registry is configured"):
        registry_address()


def test_an_address_of_another_kind_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", "file:///etc")
    with pytest.raises(PackageError, match="has to be a web address"):
        registry_address()
