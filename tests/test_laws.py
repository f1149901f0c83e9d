"""The laws of the house, read from the source: who may import what, what may wait, who reads the settings."""

import ast
import dataclasses
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from rag import types
from tests import REPOSITORY


@dataclass(frozen=True)
class Module:
    """One file of the app."""

    path: str
    name: str
    text: str
    tree: ast.Module

    @classmethod
    def read(cls, file: Path) -> "Module":
        path = file.relative_to(REPOSITORY).as_posix()
        text = file.read_text(encoding="utf-8")
        name = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        return cls(path, name, text, ast.parse(text))


MODULES = [Module.read(file) for file in sorted([REPOSITORY / "app.py", *(REPOSITORY / "rag").rglob("*.py")])]
NAMES = {module.name for module in MODULES}
each_module = pytest.mark.parametrize("module", MODULES, ids=lambda module: module.path)


def imported(module: Module) -> Iterator[str]:
    """Every name that it imports, also inside functions: "rag.types.Hit", "chainlit.config"."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module.path}:{node.lineno} imports relatively"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def of_ours(module: Module) -> frozenset[str]:
    """The modules of this house that it imports."""
    found: set[str] = set()
    for name in imported(module):
        if name.split(".")[0] in ("rag", "app"):
            source = name if name in NAMES else name.rpartition(".")[0]
            assert source in NAMES, f"{module.path} imports {name}, which is not there"
            found.add(source)
    return frozenset(found)


# Each library in one room

LIBRARIES = {
    "chainlit": ("app.py", "rag/chat/"),
    "foundry_local_sdk": ("rag/generation/foundry/child_main.py",),
    "openai": ("rag/generation/",),
    "tantivy": ("rag/retrieval/tantivy_index.py",),
    "rank_bm25": ("rag/retrieval/memory_index.py",),
    "kreuzberg": ("rag/ingestion/reader.py",),
    "watchfiles": ("rag/library/watcher.py",),
    "pathspec": ("rag/library/scanner.py",),
    "filelock": ("rag/documents/", "rag/turn_log/log.py", "rag/lab/"),
}


@each_module
def test_each_library_is_imported_in_its_room_only(module: Module):
    for name in imported(module):
        rooms = LIBRARIES.get(name.split(".")[0])
        assert rooms is None or module.path.startswith(rooms), f"{module.path} imports {name}"


# Arrows run one way

GROUND = {"rag.types", "rag.errors", "rag.text.sentences", "rag.statistics"}
STAGES = GROUND | {"rag.grounding.citations", "rag.escalation", "rag.generation", "rag.retrieval"}
CORE = STAGES | {"rag.turn.answer", "rag.turn.state"}
ARROWS: dict[str, set[str]] = {
    "rag.types": set(),
    "rag.types": {"rag.types"},
    "rag.types": {"rag.types"},
    "rag.statistics": set(),
    "rag.errors": set(),
    "rag.text.sentences": set(),
    "rag.storage": {"rag.errors"},
    "rag.settings": {"rag.errors"},
    "rag.turn.timing": {"rag.types"},
    "rag.documents": GROUND,
    "rag.retrieval": GROUND,
    "rag.grounding.citations": GROUND | {"rag.retrieval"},
    "rag.generation": GROUND,
    "rag.generation.context": GROUND | {"rag.generation", "rag.retrieval"},
    "rag.generation.extractive": GROUND | {"rag.generation", "rag.retrieval"},
    "rag.escalation": GROUND | {"rag.retrieval", "rag.grounding.citations"},
    "rag.turn.generate": GROUND | {"rag.turn.timing", "rag.generation"},
    "rag.turn.state": STAGES | {"rag.turn.timing", "rag.turn.generate"},
    "rag.turn.answer": STAGES | {"rag.turn.state", "rag.turn.generate"},
    "rag.library.manager": GROUND | {"rag.settings", "rag.documents", "rag.retrieval"},
    "rag.library.manager": GROUND | {"rag.settings", "rag.documents", "rag.retrieval", "rag.library.manager"},
    "rag.turn_log.record": GROUND,
    "rag.turn_log.log": GROUND | {"rag.turn_log.record"},
    "rag.evaluation": GROUND | {"rag.grounding.citations", "rag.escalation", "rag.generation", "rag.retrieval"},
    "rag.storage": GROUND,
    "rag.evaluation.report": GROUND | {"rag.evaluation", "rag.storage"},
    "rag.machine": GROUND | {"rag.evaluation", "rag.escalation"},
    "rag.evaluation.judge": GROUND | {"rag.evaluation", "rag.generation", "rag.services"},
    "rag.evaluation.run": CORE | {"rag.evaluation", "rag.services", "rag.settings"},
    "rag.benchmark.catalogue": GROUND | {"rag.storage"},
    "rag.bench": GROUND | {"rag.generation", "rag.storage"},
    "rag.cli.exit": {"rag.errors"},
    "rag.cli.bench_command": GROUND
    | {"rag.cli.exit"}
    | {"rag.settings", "rag.library.manager", "rag.generation", "rag.bench", "rag.machine"},
    "rag.compare": CORE | {"rag.bench", "rag.evaluation", "rag.turn.timing", "rag.turn.generate"},
    "rag.benchmark.comparison": CORE | {"rag.bench", "rag.evaluation", "rag.compare", "rag.services", "rag.settings"},
    "rag.cli.compare_command": GROUND
    | {"rag.cli.exit", "rag.storage", "rag.settings", "rag.bench", "rag.evaluation", "rag.compare"},
    "rag.escalation.gate": GROUND | {"rag.documents", "rag.escalation", "rag.retrieval"},
    "rag.cli.eval_command": GROUND | {"rag.cli.exit", "rag.storage", "rag.settings", "rag.evaluation"},
    "rag.turn_log.calibration": GROUND | {"rag.escalation"},
    "rag.turn_log.calibration_fit": GROUND | {"rag.escalation", "rag.turn_log.calibration", "rag.turn_log.record"},
    "rag.turn_log.usage_report": GROUND | {"rag.turn_log.record"},
    "rag.cli.report_text": GROUND | {"rag.turn_log.usage_report", "rag.turn_log.calibration_fit"},
    "rag.cli.report_command": GROUND
    | {"rag.cli.exit"}
    | {"rag.settings", "rag.library.manager", "rag.escalation", "rag.turn_log.log"}
    | {"rag.turn_log.usage_report", "rag.cli.report_text", "rag.turn_log.calibration", "rag.turn_log.calibration_fit"},
    "rag.services": CORE
    | {"rag.settings", "rag.documents", "rag.library.manager"}
    | {"rag.turn_log.log", "rag.turn_log.calibration", "rag.escalation.gate", "rag.benchmark.catalogue"},
    "rag.cli.doctor": CORE | {"rag.services", "rag.documents", "rag.library.manager"},
    "rag.lab": GROUND | {"rag.generation"},
    "rag.chat": CORE | {"rag.services", "rag.documents", "rag.library.manager", "rag.turn_log.log"},
    "rag.chat.lab_mount": {"rag.lab", "rag.library.manager", "rag.services", "rag.settings"},
    "rag.chat.panel": {"rag.types"},
    "rag.chat.source_list": {"rag.types"},
    "rag.chat.streaming": set(),
    "rag.cli.library_text": {"rag.documents"},
    "rag.cli.lab_command": GROUND | {"rag.cli.exit", "rag.settings", "rag.library.manager", "rag.lab"},
    "rag.cli.library_command": GROUND
    | {"rag.cli.exit", "rag.settings", "rag.documents", "rag.retrieval", "rag.library.manager", "rag.cli.library_text"},
    "rag.cli.main": CORE
    | {"rag.services", "rag.settings", "rag.cli.doctor", "rag.documents"}
    | {f"rag.cli_{name}" for name in ("library", "report", "eval", "bench", "compare", "lab", "ending")},
    "rag.api": CORE | {"rag.services", "rag.settings"},
    "rag": set(),
    "app": {"rag.chat", "rag.services", "rag.settings", "rag.errors"},
}
"""What a module may import; every module of a room, what its room may, and the room itself."""


def row_of(name: str) -> str | None:
    """The row of the table that holds for a module: its own, else its room's."""
    return name if name in ARROWS else next((room for room in ARROWS if room != "rag" and within(name, room)), None)


def within(name: str, room: str) -> bool:
    return name == room or name.startswith(f"{room}.")


@each_module
def test_arrows_run_one_way(module: Module):
    row = row_of(module.name)
    assert row, f"{module.path} has no row in the table of arrows: add one, with the fewest arrows that it needs"
    own_room = {row} if row != module.name else set()
    for name in of_ours(module):
        assert any(within(name, room) for room in ARROWS[row] | own_room), f"{module.path} imports {name}"


def test_the_table_of_arrows_has_no_circle_itself():
    """A room that may import another may not be imported by it."""
    for room, allowed in ARROWS.items():
        for other in allowed:
            assert not any(within(room, back) for back in ARROWS[other]), f"{room} and {other} may import each other"


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
    assert circle({module.name: of_ours(module) for module in MODULES}) == ""


def test_a_circle_of_imports_would_be_found():
    arrows = {"a": {"b", "c"}, "b": {"c"}, "c": {"d"}, "d": {"b"}}
    assert circle({name: frozenset(others) for name, others in arrows.items()}) == "b → c → d → b"
    assert circle({name: frozenset(others) for name, others in (arrows | {"d": set()}).items()}) == ""


# Settings, clock and outside world

SETTINGS_READERS = {
    "app.py",
    "rag/cli/main.py",
    *(f"rag/cli_{name}.py" for name in ("library", "report", "eval", "bench", "compare", "lab")),
    "rag/api.py",
}
ENVIRONMENT_READERS = {
    "rag/evaluation/ragas.py",  # Ragas is told there not to report its use
    "rag/chat/hardening.py",  # the address that Chainlit itself was told to listen at
    "rag/ingestion/worker_pool.py",  # handed on to the processes that read files
    "rag/generation/foundry/launcher.py",  # handed on to the process of the runtime
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


@each_module
def test_settings_are_read_at_the_doors_only(module: Module):
    if module.path == "rag/settings.py":
        return
    for call, name in calls(module.tree):
        if name.rpartition(".")[2] == "read_settings":
            assert module.path in SETTINGS_READERS, f"{module.path}:{call.lineno}"
        assert name.rpartition(".")[2] != "Settings", f"{module.path}:{call.lineno} makes settings of its own"


@each_module
def test_the_environment_is_read_by_the_settings_and_those_who_hand_it_on(module: Module):
    reads = [name for name in imported(module) if name in ("os.environ", "os.getenv")] + [
        f"{node.lineno}"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv") and ast.unparse(node.value) == "os"
    ]
    assert not reads or module.path in ENVIRONMENT_READERS, f"{module.path}:{reads}"


CLOCKLESS = (
    *(
        "rag/turn/answer.py",
        "rag/turn/state.py",
        "rag/turn/generate.py",
        "rag/turn/timing.py",
        "rag/grounding/citations.py",
        "rag/text/sentences.py",
    ),
    *("rag/escalation/", "rag/retrieval/", "rag/generation/prompt.py", "rag/generation/extractive.py"),
    *("rag/generation/context.py", "rag/generation/fragments.py", "rag/generation/tokens.py"),
    *("rag/chat/panel.py", "rag/chat/source_list.py"),
)


@each_module
def test_the_core_takes_its_clock_as_an_argument(module: Module):
    if module.path.startswith(CLOCKLESS):
        for call, name in calls(module.tree):
            assert not name.startswith(("time.", "datetime.")), f"{module.path}:{call.lineno} asks the time itself"


PURE = (
    "rag/escalation/",
    "rag/grounding/citations.py",
    "rag/text/sentences.py",
    "rag/types.py",
    "rag/types.py",
    "rag/types.py",
    "rag/statistics.py",
    *(f"rag/evaluation/{name}.py" for name in ("facts", "citing", "scores", "summary", "routing", "comparing")),
    "rag/evaluation/report.py",
    "rag/generation/prompt.py",
    "rag/generation/context.py",
    "rag/generation/fragments.py",
    "rag/generation/tokens.py",
)
OUTSIDE = {
    *("asyncio", "io", "os", "pathlib", "shutil", "socket", "subprocess", "tempfile", "threading", "time", "datetime"),
    *("random", "logging", "urllib", "http", "httpx", "sys"),
}


@each_module
def test_judging_is_pure(module: Module):
    if not module.path.startswith(PURE):
        return
    assert not {name.split(".")[0] for name in imported(module)} & OUTSIDE, module.path
    assert not {name for _, name in calls(module.tree)} & {"open", "print", "input"}, module.path
    assert not any(isinstance(n, ast.AsyncFunctionDef | ast.Await | ast.Global) for n in ast.walk(module.tree))


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


@each_module
def test_nothing_that_blocks_is_called_on_the_event_loop(module: Module):
    for function in ast.walk(module.tree):
        if not isinstance(function, ast.AsyncFunctionDef):
            continue
        inside = list(awaited_in_place(function))
        awaited = {id(node.value) for node in inside if isinstance(node, ast.Await)}
        for node in inside:
            if isinstance(node, ast.Call) and id(node) not in awaited:
                assert not BLOCKING.fullmatch(called(node)), f"{module.path}:{node.lineno} {called(node)} blocks"


# Failures, sizes, shapes


@each_module
def test_whoever_catches_everything_says_why_or_raises_again(module: Module):
    lines = module.text.splitlines()
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.ExceptHandler):
            continue
        caught = ast.unparse(node.type) if node.type else "BaseException"
        if not re.search(r"\b(Base)?Exception\b", caught):
            continue
        comment = re.search(r"#\W*\w", lines[node.lineno - 1].replace("noqa: BLE001", ""))
        raises = isinstance(node.body[-1], ast.Raise)
        assert raises or comment, f"{module.path}:{node.lineno} catches {caught} without a reason"


@each_module
def test_no_module_is_longer_than_three_hundred_lines(module: Module):
    assert len(module.text.splitlines()) <= 300, module.path


@each_module
def test_every_module_says_what_it_is_for(module: Module):
    assert ast.get_docstring(module.tree), module.path


def test_the_handlers_of_the_app_are_a_few_lines_each():
    app = next(module for module in MODULES if module.path == "app.py")
    functions = [node for node in app.tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert functions
    for function in functions:
        assert len([n for n in ast.walk(function) if isinstance(n, ast.stmt)]) <= 6, f"app.py:{function.lineno}"
    assert not [node for node in app.tree.body if isinstance(node, ast.ClassDef)]


def test_the_nouns_are_frozen():
    classes = [value for module in (types, types, types) for value in vars(module).values() if inspect.isclass(value)]
    nouns = [value for value in classes if value.__module__ in (types.__name__, types.__name__, types.__name__)]
    assert len(nouns) > 15
    for noun in nouns:
        assert dataclasses.is_dataclass(noun), noun
        assert noun.__dataclass_params__.frozen, noun
        assert "__slots__" in vars(noun), noun


# A law that lets everything pass is none: each reader above is tried on code that breaks it.


def module_of(text: str, path: str = "rag/retrieval/made_up.py") -> Module:
    return Module(path, path.removesuffix(".py").replace("/", "."), text, ast.parse(text))


@pytest.mark.parametrize(
    ("law", "path", "text"),
    [
        (test_each_library_is_imported_in_its_room_only, "rag/retrieval/x.py", "import chainlit as cl"),
        (test_each_library_is_imported_in_its_room_only, "rag/chat/x.py", "def f():\n from tantivy import Index"),
        (test_arrows_run_one_way, "rag/retrieval/x.py", "from rag.generation.prompt import Prompt"),
        (test_arrows_run_one_way, "rag/generation/x.py", "from rag.escalation import policy"),
        (test_arrows_run_one_way, "rag/generation/x.py", "from rag.retrieval.search import Searcher"),
        (test_arrows_run_one_way, "rag/chat/x.py", "from rag.settings import Settings"),
        (test_arrows_run_one_way, "rag/types.py", "from rag.errors import ModelError"),
        (test_arrows_run_one_way, "rag/chat/panel.py", "from rag.chat.view import TurnView"),
        (test_arrows_run_one_way, "rag/new_room.py", ""),
        (test_settings_are_read_at_the_doors_only, "rag/chat/x.py", "settings = read_settings()"),
        (test_settings_are_read_at_the_doors_only, "rag/cli/main.py", "from rag import settings\nsettings.Settings()"),
        (
            test_the_environment_is_read_by_the_settings_and_those_who_hand_it_on,
            "rag/retrieval/x.py",
            "import os\nx = os.environ['X']",
        ),
        (test_the_core_takes_its_clock_as_an_argument, "rag/escalation/x.py", "import time\nx = time.monotonic()"),
        (test_judging_is_pure, "rag/escalation/x.py", "from pathlib import Path"),
        (test_judging_is_pure, "rag/escalation/x.py", "async def f() -> None: ..."),
        (test_nothing_that_blocks_is_called_on_the_event_loop, "rag/x.py", "async def f():\n time.sleep(1)"),
        (test_nothing_that_blocks_is_called_on_the_event_loop, "rag/x.py", "async def f(p):\n  return p.read_text()"),
        (
            test_nothing_that_blocks_is_called_on_the_event_loop,
            "rag/x.py",
            "async def f():\n  with open('x') as x:\n    return [subprocess.run(x)]",
        ),
        (
            test_whoever_catches_everything_says_why_or_raises_again,
            "rag/x.py",
            "try: f()\nexcept Exception:  # noqa: BLE001\n pass",
        ),
        (test_whoever_catches_everything_says_why_or_raises_again, "rag/x.py", "try: f()\nexcept: pass"),
        (
            test_whoever_catches_everything_says_why_or_raises_again,
            "rag/x.py",
            "try: f()\nexcept (ValueError, Exception): pass",
        ),
        (test_no_module_is_longer_than_three_hundred_lines, "rag/x.py", "\n" * 301),
        (test_every_module_says_what_it_is_for, "rag/x.py", "x = 1"),
    ],
    ids=lambda value: value.__name__ if callable(value) else None,
)
def test_each_law_catches_who_breaks_it(law, path: str, text: str):
    with pytest.raises(AssertionError):
        law(module_of(text, path))


@pytest.mark.parametrize(
    ("law", "path", "text"),
    [
        (
            test_nothing_that_blocks_is_called_on_the_event_loop,
            "rag/x.py",
            "async def f(p):\n  await p.read_text()\n  await asyncio.to_thread(p.read_text)\n"
            "  def g(): return open('x')\n  return await asyncio.to_thread(lambda: open('x'))",
        ),
        (
            test_whoever_catches_everything_says_why_or_raises_again,
            "rag/x.py",
            "try: f()\nexcept Exception:  # noqa: BLE001 - one file must not stop the others\n pass",
        ),
        (
            test_whoever_catches_everything_says_why_or_raises_again,
            "rag/x.py",
            "try: f()\nexcept BaseException:\n clean()\n raise",
        ),
        (test_arrows_run_one_way, "rag/retrieval/x.py", "from rag.retrieval.index import K1"),
    ],
    ids=lambda value: value.__name__ if callable(value) else None,
)
def test_each_law_lets_the_others_pass(law, path: str, text: str):
    law(module_of(text, path))
