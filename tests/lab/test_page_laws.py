"""The laws of the lab's page, read from its source: nothing from outside, text never as markup, arrows one way."""

import re

from tests import REPOSITORY

PAGE = REPOSITORY / "lab" / "page"
SCRIPTS = {file.relative_to(PAGE).as_posix(): file.read_text("utf-8") for file in sorted(PAGE.rglob("*.js"))}

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


def test_no_address_outside_and_no_markup_or_code_out_of_text():
    assert [name for name, text in SCRIPTS.items() if hosts(text) - hosts(" ".join(ADDRESSES))] == []
    assert [name for name, text in SCRIPTS.items() if re.search(f"{MARKUP}|{CODE}", code_of(text))] == []


def hosts(text: str) -> set[str]:
    return {"/".join(address.split("/")[:3]) for address in re.findall(r"https?://[^\s\"'`)]+", text)}


def test_a_script_is_small_says_what_it_is_for_and_imports_what_is_there():
    lines = {name: text.splitlines() for name, text in SCRIPTS.items()}
    assert [name for name in lines if len(lines[name]) > 300 or max(map(len, lines[name])) > 120] == []
    assert [name for name, text in SCRIPTS.items() if not text.startswith(("/**", "//"))] == []
    assert [name for name in SCRIPTS if imports_of(name) - SCRIPTS.keys()] == []


def test_arrows_run_one_way_in_the_page_too():
    assert [name for name in SCRIPTS if name != "main.js" and "main.js" in imports_of(name)] == []
    views = {name for name in SCRIPTS if name.startswith("view/")}
    assert [name for name in SCRIPTS if name not in {*views, "main.js"} and imports_of(name) & views] == []


def test_what_only_computes_knows_no_page():
    search = {name for name in SCRIPTS if name.startswith("search/")}
    computing = {*search, "prompt.js", "clock.js"}
    assert computing <= SCRIPTS.keys()
    assert [name for name in computing if imports_of(name) - search - {"errors.js"}] == []
    assert [name for name in computing if re.search(DOM, code_of(SCRIPTS[name]))] == []


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
