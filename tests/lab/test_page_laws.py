"""The laws of the lab's page, read from its source: nothing from outside, text never as markup, arrows one way."""

import re

import pytest

from tests import REPOSITORY

PAGE = REPOSITORY / "lab" / "page"
SCRIPTS = {file.relative_to(PAGE).as_posix(): file.read_text("utf-8") for file in sorted(PAGE.rglob("*.js"))}
each_script = pytest.mark.parametrize("name", SCRIPTS)

ADDRESSES = {"http://www.w3.org/2000/svg", "https://snowballstem.org", "https://huggingface.co"}
"""A namespace, a source in a comment, and the public hub, which the page's policy admits only where it is allowed."""
MARKUP = r"\b(?:inner|outer)HTML\s*\+?=(?!=)|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser"
CODE = r"\beval\b|new Function|setTimeout\(\s*[\"'`]|importScripts"
DOM = r"\b(?:document|window|localStorage|navigator|location|postMessage)\b\s*[.\[(]|\bfetch\("


def code_of(text: str) -> str:
    """The script without its comments."""
    return re.sub(r"/\*.*?\*/|(?<!:)//[^\n]*", "", text, flags=re.DOTALL)


def imports_of(name: str) -> set[str]:
    """The scripts that it imports, as paths in the page's folder."""
    found = re.findall(r"""(?:from|import)\s*\(?\s*["'](\.[^"']+)["']""", code_of(SCRIPTS[name]))
    folder = (PAGE / name).parent
    return {(folder / each).resolve().relative_to(PAGE).as_posix() for each in found}


@each_script
def test_no_address_outside_and_no_markup_or_code_out_of_text(name: str):
    text = SCRIPTS[name]
    hosts = {"/".join(address.split("/")[:3]) for address in re.findall(r"https?://[^\s\"'`)]+", text)}
    assert hosts <= {"/".join(address.split("/")[:3]) for address in ADDRESSES}, name
    assert not re.search(MARKUP, code_of(text)), name
    assert not re.search(CODE, code_of(text)), name


@each_script
def test_a_script_is_small_says_what_it_is_for_and_imports_what_is_there(name: str):
    text = SCRIPTS[name]
    assert len(text.splitlines()) <= 300
    assert max(map(len, text.splitlines())) <= 120
    assert text.startswith(("/**", "//")), "it begins with what it is for"
    assert imports_of(name) <= SCRIPTS.keys()


@each_script
def test_arrows_run_one_way_in_the_page_too(name: str):
    imported = imports_of(name)
    if name != "main.js":
        assert "main.js" not in imported
        assert name.startswith("view/") or not [other for other in imported if other.startswith("view/")]
    if name.startswith("search/") or name in ("prompt.js", "clock.js"):
        assert all(other.startswith("search/") or other == "errors.js" for other in imported), imported
        assert not re.search(DOM, code_of(SCRIPTS[name])), "it only computes"


def test_the_page_itself_holds_no_script_or_style_of_its_own():
    html = (PAGE / "index.html").read_text("utf-8")
    assert not re.search(r"<script\b(?![^>]*\bsrc=)|<style\b|\bstyle=|\bon[a-z]+=\"|https?://", html)
    assert not re.search(r"@import|url\(\s*['\"]?(?!data:)", (PAGE / "style.css").read_text("utf-8"))


def test_a_page_that_breaks_a_law_would_be_found():
    assert re.search(MARKUP, code_of("node.innerHTML = text; // it says"))
    assert not re.search(MARKUP, code_of("// innerHTML"))
    assert re.search(CODE, "eval(text)")
    assert re.search(DOM, "document.title")
    assert re.search(DOM, "fetch(url)")
    assert {"view/dom.js", "runs.js"} <= imports_of("main.js")
