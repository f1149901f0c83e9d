"""The laws of the house, read from its source. One test a law, which names all who break it."""

import ast
import dataclasses
import inspect
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import pytest

from rag import types
from tests import REPOSITORY
from tests.house import CONTRIBUTING, DRAWING, GROUND, Module, drawing, imported, modules, names, of_ours, room_of

Law = Callable[[Module], Iterable[str]]
"""What of a module breaks the law, a line each."""


@dataclass(frozen=True)
class Example:
    """A module that breaks a law, or one that keeps it although it looks alike."""

    law: Law
    path: str
    text: str


LAWS: list[Law] = []
BROKEN: list[Example] = []
KEPT: list[Example] = []


def law(broken: dict[str, str | tuple[str, ...]], kept: dict[str, str] | None = None) -> Callable[[Law], Law]:
    """Registers a law with code by path that breaks it: a law that lets everything pass is none."""

    def register(check: Law) -> Law:
        LAWS.append(check)
        for path, texts in broken.items():
            BROKEN.extend(Example(check, path, text) for text in ((texts,) if isinstance(texts, str) else texts))
        KEPT.extend(Example(check, path, text) for path, text in (kept or {}).items())
        return check

    return register


# Each library in one room

LIBRARIES = {
    "chainlit": ("app.py", "rag/chat/"),
    "openai": ("rag/generation/",),
    "foundry_local_sdk": ("rag/generation/foundry/child_main.py",),
    "tantivy": ("rag/retrieval/tantivy_index.py",),
    "rank_bm25": ("rag/retrieval/memory_index.py",),
    "kreuzberg": ("rag/ingestion/parser.py",),
    "charset_normalizer": ("rag/ingestion/alphabets.py",),
    "watchfiles": ("rag/library/watcher.py",),
    "pathspec": ("rag/library/scanner.py",),
    "filelock": ("rag/library/", "rag/lab/", "rag/storage.py", "rag/turn_log/", "rag/chat/start.py"),
    "sqlalchemy": ("rag/history/",),
    "mcp": ("rag/api/",),
}


@law({"rag/retrieval/x.py": "import chainlit as cl", "rag/chat/x.py": "def f():\n from tantivy import Index"})
def each_library_is_imported_in_its_room_only(module: Module) -> Iterator[str]:
    for name in imported(module):
        rooms = LIBRARIES.get(name.split(".")[0])
        if rooms and not module.path.startswith(rooms):
            yield f"imports {name}"


# Arrows run one way

FLOORS: tuple[frozenset[str], ...] = (
    frozenset({"errors", "types", "statistics", "machine", "text"}),
    frozenset({"events", "storage", "concurrency", "reports"}),
    frozenset({"settings", "ingestion", "grounding"}),
    frozenset({"retrieval"}),
    frozenset({"library", "generation", "escalation", "intent"}),
    frozenset({"turn", "turn_log", "lab", "testing"}),
    frozenset({"rag", "services"}),
    frozenset({"evaluation", "chat"}),
    frozenset({"benchmark"}),
    frozenset({"cli"}),
    frozenset({"app"}),
)
"""From the ground up: a room imports from floors below its own, and from itself. `rag` is the public API."""
FLOOR = {room: height for height, rooms in enumerate(FLOORS) for room in rooms}
PLAIN_DATA = ("rag/chat/panel.py", "rag/chat/panel.py")
"""What the page is sent, made of a turn's record alone."""


@law(
    {
        "rag/retrieval/x.py": "from rag.generation.prompt import Prompt",
        "rag/generation/x.py": "from rag.escalation import policy",
        "rag/types.py": "from rag.settings import Settings",
        "rag/chat/panel.py": "from rag.chat.view import TurnView",
        "rag/new_room/x.py": "",
    },
    {"rag/retrieval/x.py": "from rag.retrieval.index import K1\nfrom rag.types import Hit"},
)
def arrows_run_one_way(module: Module) -> Iterator[str]:
    if module.room not in FLOOR:
        yield f"{module.room} is on no floor"
        return
    for name in of_ours(module):
        room = room_of(name)
        same = room == module.room and module.path not in PLAIN_DATA
        if not same and FLOOR[room] >= FLOOR[module.room]:
            yield f"imports {name}"


def circle(arrows: dict[str, frozenset[str]]) -> str:
    """A way that comes back to where it began, "" when there is none."""
    done: set[str] = set()

    def visit(name: str, way: tuple[str, ...]) -> str:
        if name in way:
            return " → ".join((*way[way.index(name) :], name))
        if name in done:
            return ""
        done.add(name)
        return next((found for following in sorted(arrows[name]) if (found := visit(following, (*way, name)))), "")

    return next((found for name in arrows if (found := visit(name, ()))), "")


def test_no_import_goes_in_a_circle():
    assert circle({module.name: of_ours(module) & names() for module in modules()}) == ""


def test_a_circle_of_imports_would_be_found():
    arrows = {"a": {"b", "c"}, "b": {"c"}, "c": {"d"}, "d": {"b"}}
    assert circle({name: frozenset(others) for name, others in arrows.items()}) == "b → c → d → b"
    assert circle({name: frozenset(others) for name, others in (arrows | {"d": set()}).items()}) == ""


def test_contributing_shows_the_house_as_it_is():
    drawn = DRAWING.search(CONTRIBUTING.read_text(encoding="utf-8"))
    assert drawn, "CONTRIBUTING.md has no drawing"
    assert drawn.group() == drawing(), "run `python -m tests.house`"


@pytest.mark.parametrize("name", ["rag", "rag.cli.main"])
def test_heavy_libraries_wait_until_they_are_needed(name: str):
    code = f"import sys, {name}; print([x for x in ('openai', 'chainlit', 'kreuzberg') if x in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# Names and sizes


def loose() -> set[str]:
    return {module.room for module in modules() if module.path == f"rag/{module.room}.py"}


def test_only_the_ground_floor_the_services_and_the_test_double_stand_loose():
    assert loose() == {*GROUND, "services", "testing"}


def test_no_two_modules_and_no_two_public_classes_share_a_name():
    found: dict[str, list[str]] = defaultdict(list)
    for module in modules():
        if not module.path.endswith(("__init__.py", "app.py")):
            found[module.name.rpartition(".")[2]].append(module.path)
        for node in module.tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(module.path)
    assert {name: places for name, places in found.items() if len(places) > 1} == {}


NOT_OURS = frozenset(
    (
        *("keeper", "lineup", "stand_in", "standin", "allowance", "receipt", "turnstile", "doorkeeper", "desk", "seat"),
        *("lifeline", "contest", "contender", "crowd", "crowds", "leaning", "hears", "told", "said", "standing"),
        *("withheld", "pseudo"),
    )
)
"""Words of a private vocabulary, which a newcomer would have to learn; the field has its own for each."""


@law(
    {"rag/turn/x.py": ("def told(x): ...", "class TheKeeper: ...", "def f(stand_in): ...", "class A:\n receipt: int")},
    {"rag/turn/x.py": "class Fallback:\n  '''Not a stand-in.'''\n  reported: int = 0"},
)
def names_are_the_fields_own(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        for name in defined(node):
            words = [word.lower() for word in re.findall(r"[A-Z]?[a-z]+", name)]
            pairs = ["_".join(pair) for pair in pairwise(words)]
            if NOT_OURS.intersection(words + pairs):
                yield f"{getattr(node, 'lineno', 0)} {name}"


def defined(node: ast.AST) -> Iterator[str]:
    """What a node gives a name to, a reader of the module's interface would meet: definitions, parameters, fields."""
    if isinstance(node, ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield node.name
        yield from (argument.arg for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs))
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        yield node.target.id


@law({"rag/x.py": "\n" * 421})
def a_module_is_cut_at_its_joints(module: Module) -> Iterator[str]:
    if len(module.text.splitlines()) > 420:
        yield "has more than about 400 lines"


@law({"rag/x.py": ("x = 1", '"""Ingestion."""\n')}, {"rag/x.py": '"""What a file holds, cut to passages."""'})
def every_module_says_what_it_is_for(module: Module) -> Iterator[str]:
    if len((ast.get_docstring(module.tree) or "").split()) < 3:
        yield "does not say what it is for"


def test_the_tests_stand_in_the_rooms_of_the_house():
    rooms = {module.room for module in modules() if module.path.count("/") > 1}
    others = {"browser", "journeys", "runtime"}
    folders = {place.name for place in (REPOSITORY / "tests").iterdir() if (place / "__init__.py").exists()}
    assert folders - others <= rooms


# Settings, clock and outside world

SETTINGS_READERS = ("app.py", "rag/cli/", "rag/api/")
ENVIRONMENT_READERS = {
    "rag/evaluation/ragas.py",  # Ragas is told there not to report its use
    "rag/chat/hardening.py",  # the address that Chainlit itself was told to listen at
    "rag/chat/start.py",  # Chainlit takes its folder from there
    "rag/ingestion/worker_pool.py",  # handed on to the processes that read files
    "rag/generation/foundry/launcher.py",  # handed on to the process of the runtime
    "rag/lab/npm_registry.py",  # where npm's own settings name the registry
}


def calls(tree: ast.AST) -> Iterator[tuple[ast.Call, str]]:
    """Every call with its name as it is written: "time.sleep", "path.read_text", "open"."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node, called(node)


def called(call: ast.Call) -> str:
    if isinstance(call.func, ast.Attribute):
        return f"{ast.unparse(call.func.value)}.{call.func.attr}"
    return ast.unparse(call.func)


@law(
    {
        "rag/chat/x.py": "settings = read_settings()",
        "rag/cli/main.py": "from rag import settings\nsettings.Settings()",
    }
)
def settings_are_read_at_the_doors_only(module: Module) -> Iterator[str]:
    for call, name in calls(module.tree) if module.path != "rag/settings.py" else ():
        last = name.rpartition(".")[2]
        if last == "Settings" or (last == "read_settings" and not module.path.startswith(SETTINGS_READERS)):
            yield f"{call.lineno} {name}()"


@law({"rag/retrieval/x.py": "import os\nx = os.environ['X']"})
def the_environment_is_read_by_the_settings_and_those_who_hand_it_on(module: Module) -> Iterator[str]:
    if module.path in ENVIRONMENT_READERS:
        return
    yield from (name for name in imported(module) if name in ("os.environ", "os.getenv"))
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv") and ast.unparse(node.value) == "os":
            yield f"{node.lineno} os.{node.attr}"


CLOCKLESS = (
    *("rag/turn/", "rag/text/", "rag/grounding/", "rag/escalation/", "rag/retrieval/", "rag/types.py"),
    *("rag/generation/prompt.py", "rag/generation/context.py", "rag/generation/fragments.py"),
    *("rag/generation/extractive.py", *PLAIN_DATA),
)


@law({"rag/escalation/x.py": "import time\nx = time.monotonic()"})
def the_core_takes_its_clock_as_an_argument(module: Module) -> Iterator[str]:
    if module.path.startswith(CLOCKLESS):
        for call, name in calls(module.tree):
            if name.startswith(("time.", "datetime.")):
                yield f"{call.lineno} {name}()"


PURE = (
    *("rag/text/sentences.py", "rag/grounding/", "rag/types.py", "rag/statistics.py", "rag/reports/"),
    *(f"rag/escalation/{name}.py" for name in ("policy", "confidence", "answerability", "attached")),
    *(f"rag/escalation/{name}.py" for name in ("answer_types", "front_matter")),
    *(f"rag/evaluation/{name}.py" for name in ("citation_metrics", "scores", "summary", "routing")),
    *(f"rag/generation/{name}.py" for name in ("prompt", "context", "fragments")),
    *(f"rag/generation/{name}.py" for name in ("whole_prompts", "document_sections", "sentence_ranking")),
    *(f"rag/generation/{name}.py" for name in ("extractive_summary", "summary_sentences", "summary_text")),
)
OUTSIDE = {
    *("asyncio", "os", "pathlib", "shutil", "socket", "subprocess", "tempfile", "threading", "time", "datetime"),
    *("random", "logging", "urllib", "http", "httpx", "httpx2", "sys"),
}


@law({"rag/grounding/x.py": ("from pathlib import Path", "async def f() -> None: ...", "def f():\n print()")})
def judging_is_pure(module: Module) -> Iterator[str]:
    if not module.path.startswith(PURE):
        return
    yield from sorted({name.split(".")[0] for name in imported(module)} & OUTSIDE)
    yield from sorted({name for _, name in calls(module.tree)} & {"open", "print", "input"})
    for node in ast.walk(module.tree):
        if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.Global):
            yield f"{node.lineno} {type(node).__name__}"


# Nothing blocks the event loop

BLOCKING = re.compile(
    r"time\.sleep|open|io\.open|os\.(system|popen|walk|listdir|scandir|waitpid)|subprocess\.\w+|shutil\.\w+"
    r"|urllib\.request\.\w+|requests\.\w+|socket\.create_connection|socket\.getaddrinfo"
    r"|.*\.(read_text|read_bytes|write_text|write_bytes|rglob)|input"
)


def awaited_in_place(function: ast.AsyncFunctionDef) -> Iterator[ast.AST]:
    """What runs on the event loop in this function: not the functions and lambdas that it only defines."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.Lambda):
            waiting.extend(ast.iter_child_nodes(node))


@law(
    {
        "rag/x.py": (
            "async def f():\n time.sleep(1)",
            "async def f(p):\n  return p.read_text()",
            "async def f():\n  with open('x') as x:\n    return [subprocess.run(x)]",
        )
    },
    {
        "rag/x.py": "async def f(p):\n  await p.read_text()\n  await asyncio.to_thread(p.read_text)\n"
        "  def g(): return open('x')\n  return await asyncio.to_thread(lambda: open('x'))"
    },
)
def nothing_that_blocks_is_called_on_the_event_loop(module: Module) -> Iterator[str]:
    for function in ast.walk(module.tree):
        if not isinstance(function, ast.AsyncFunctionDef):
            continue
        inside = list(awaited_in_place(function))
        awaited = {id(node.value) for node in inside if isinstance(node, ast.Await)}
        for node in inside:
            if isinstance(node, ast.Call) and id(node) not in awaited and BLOCKING.fullmatch(called(node)):
                yield f"{node.lineno} {called(node)} blocks"


# Failures and shapes


@law(
    {
        "rag/x.py": (
            "try: f()\nexcept Exception:  # noqa: BLE001\n pass",
            "try: f()\nexcept: pass",
            "try: f()\nexcept (ValueError, Exception): pass",
        )
    },
    {
        "rag/x.py": "try: f()\nexcept Exception:  # noqa: BLE001 - one file must not stop the others\n pass",
        "rag/y.py": "try: f()\nexcept BaseException:\n clean()\n raise",
    },
)
def whoever_catches_everything_says_why_or_raises_again(module: Module) -> Iterator[str]:
    lines = module.text.splitlines()
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.ExceptHandler):
            continue
        caught = ast.unparse(node.type) if node.type else "BaseException"
        comment = re.search(r"#\W*\w", lines[node.lineno - 1].replace("noqa: BLE001", ""))
        raises = isinstance(node.body[-1], ast.Raise)
        if re.search(r"\b(Base)?Exception\b", caught) and not raises and not comment:
            yield f"{node.lineno} catches {caught} without a reason"


@law({"app.py": ("def f():\n" + " x()\n" * 7, "class Handler: ...")})
def the_handlers_of_the_app_are_a_few_lines_each(module: Module) -> Iterator[str]:
    if module.path != "app.py":
        return
    for node in module.tree.body:
        if isinstance(node, ast.ClassDef):
            yield f"{node.lineno} a class"
        elif sum(isinstance(each, ast.stmt) for each in ast.walk(node)) > 6:
            yield f"{node.lineno} is long"


def test_the_nouns_are_frozen():
    nouns = [value for value in vars(types).values() if inspect.isclass(value) and value.__module__ == types.__name__]
    assert len(nouns) > 15
    for noun in nouns:
        assert dataclasses.is_dataclass(noun), noun
        assert noun.__dataclass_params__.frozen, noun
        assert "__slots__" in vars(noun), noun


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_law(law: Law):
    assert [f"{module.path}: {offence}" for module in modules() for offence in law(module)] == []


def test_each_law_catches_who_breaks_it():
    assert [f"{each.law.__name__}: {each.text}" for each in BROKEN if not any(broken_by(each))] == []


def test_each_law_lets_the_others_pass():
    assert [f"{each.law.__name__}: {each.text}" for each in KEPT if any(broken_by(each))] == []


def broken_by(example: Example) -> list[str]:
    return list(example.law(Module.of(example.path, example.text)))
