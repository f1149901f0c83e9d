"""Models for browsers: which the folder has, what is wrong with the others, and that nothing else is handed out."""

import json
import os
import sys
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rag.errors import StorageError
from rag.lab.local_models import SUFFIXES, LocalModel, find_models, model_file
from rag.lab.model_folders import MOST_FOLDERS, is_model_id
from rag.lab.setup import HOSTS, read_hub
from tests.lab_parts import PACKAGE_FILE, write_model

HUB_FILE = PACKAGE_FILE.with_name("models.json")
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 483000000\n"
EXTERNAL = {"transformers.js_config": {"use_external_data_format": {"model_q4.onnx": 2, "model.onnx": True}}}
posix = pytest.mark.skipif(sys.platform == "win32", reason="such names and links are not made there")


def only_model(folder: Path) -> LocalModel:
    (model,) = find_models(folder).models
    return model


def served(folder: Path, model: LocalModel, name: str) -> Path | None:
    return model_file(folder, model.fingerprint, f"{model.id}/{name}")


def test_models_are_found_with_their_precisions(tmp_path: Path) -> None:
    write_model(tmp_path, "tiny")
    write_model(
        tmp_path,
        "org/Larger-1.5B",
        onnx__modelDOTonnx=b"x" * 4000,
        onnx__model_fp16DOTonnx=b"x" * 3000,
        onnx__model_quantizedDOTonnx=b"x" * 2000,
        onnx__model_q4f16DOTonnx=b"x" * 1500,
        onnx__model_uint8DOTonnx=b"x" * 1200,
        onnx__model_otherDOTonnx=b"x",
    )
    (tmp_path / "notes").mkdir()
    (tmp_path / "README.md").write_text("Not a model.")
    found = find_models(tmp_path)
    assert found.note == ""
    assert [(model.id, dict(model.precisions), model.problem) for model in found.models] == [
        ("org/Larger-1.5B", {"fp32": 4000, "q8": 2000, "fp16": 3000, "uint8": 1200, "q4": 5000, "q4f16": 1500}, ""),
        ("tiny", {"q4": 5000}, ""),
    ]
    assert found.usable == found.models


def test_weights_in_further_files_count(tmp_path: Path) -> None:
    parts = {"onnx__model_q4DOTonnx_data": b"x" * 700, "onnx__model_q4DOTonnx_data_1": b"x" * 70}
    write_model(tmp_path, "whole", configDOTjson=json.dumps(EXTERNAL), onnx__model_q4f16DOTonnx=b"x" * 99, **parts)
    model = only_model(tmp_path)
    assert (dict(model.precisions), dict(model.left_out)) == ({"q4": 5770, "q4f16": 99}, {})
    assert served(tmp_path, model, "onnx/model_q4.onnx_data_1")

    (tmp_path / "whole/onnx/model_q4.onnx_data_1").unlink()
    (tmp_path / "whole/onnx/model_fp16.onnx").write_bytes(b"x")
    (tmp_path / "whole/onnx/model_fp16.onnx_data").write_bytes(b"x")
    (tmp_path / "whole/onnx/model_bnb4.onnx").write_bytes(b"")
    model = only_model(tmp_path)
    assert (dict(model.precisions), model.problem) == ({"q4f16": 99}, "")
    assert dict(model.left_out) == {
        "q4": "onnx/model_q4.onnx_data_1 is missing. Fetch it again.",
        "fp16": "model_fp16.onnx has 1 further file of weights, and config.json speaks of 0: set "
        "use_external_data_format below transformers.js_config there.",
        "bnb4": "onnx/model_bnb4.onnx is empty. Fetch it again.",
    }


@pytest.mark.parametrize(
    ("said", "parts"), [(True, 1), (2, 2), ({"model": 1}, 1), (False, 0), (None, 0), ("odd", 0), ([1], 0), ({}, 0)]
)
def test_how_many_further_files_there_are_is_read_as_transformers_js_reads_it(
    tmp_path: Path, said: object, parts: int
) -> None:
    config = json.dumps({"transformers.js_config": {"use_external_data_format": said}})
    data = {f"onnx__model_q4DOTonnx_data{suffix}": b"x" for suffix in ("", "_1")[:parts]}
    write_model(tmp_path, "tiny", configDOTjson=config, **data)
    assert dict(only_model(tmp_path).precisions) == {"q4": 5000 + parts}


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({"tokenizerDOTjson": None}, "It has no tokenizer.json. Fetch the whole model again."),
        (
            {"tokenizerDOTjson": None, "configDOTjson": None},
            "It has no config.json and no tokenizer.json. Fetch the whole model again.",
        ),
        ({"onnx__model_q4DOTonnx": None}, "It has no weights: onnx/model_q4.onnx or another precision."),
        ({"onnx__model_q4DOTonnx": b""}, "onnx/model_q4.onnx is empty. Fetch it again."),
        (
            {"onnx__model_q4DOTonnx": POINTER},
            "onnx/model_q4.onnx is only a pointer to the true file. Run git lfs pull in the model's folder.",
        ),
        (
            {"tokenizerDOTjson": POINTER},
            "tokenizer.json is only a pointer to the true file. Run git lfs pull in the model's folder.",
        ),
        *(
            (
                {"configDOTjson": content},
                "Its config.json is damaged or cut off: it is not the JSON it should be. Fetch",
            )
            for content in ("", '{"model_type": "lla', "[1]", b"\xff\xfe\x00", "[" * 100_000, '{"a": ' * 100_000)
        ),
        (
            {"tokenizer_configDOTjson": "{}"},
            "It has no chat template, so it cannot hold a chat. Use a model whose name ends in Instruct or Chat.",
        ),
        (
            {"tokenizer_configDOTjson": '{"chat_template": [{"name": "rag", "template": "x"}, 7]}'},
            "It has no chat template, so it cannot hold a chat.",
        ),
        (
            {"tokenizer_configDOTjson": "{}", "chat_templateDOTjinja": "{{ messages }}"},
            "Its chat template lies in chat_template.jinja, where transformers.js does not look. Copy it into",
        ),
        (
            {"configDOTjson": json.dumps({"transformers.js_config": {"use_external_data_format": 10**30}})},
            "model_q4.onnx lies in 1000000000000000000000000000000 files, and transformers.js loads 100 at most.",
        ),
    ],
)
def test_a_model_that_cannot_be_run_is_listed_with_the_reason(
    tmp_path: Path, files: dict[str, str | bytes | None], problem: str
) -> None:
    write_model(tmp_path, "tiny", **files)
    model = only_model(tmp_path)
    assert model.problem.startswith(problem)
    assert not model.precisions
    assert find_models(tmp_path).usable == ()


def test_what_only_looks_odd_can_be_run(tmp_path: Path) -> None:
    named = [{"name": "tool_use", "template": "t"}, {"name": "default", "template": "d"}]
    write_model(
        tmp_path,
        "tiny",
        configDOTjson=b"\xef\xbb\xbf" + json.dumps({"model_type": "not known yet"}).encode(),
        tokenizer_configDOTjson=json.dumps({"chat_template": named}),
    )
    assert only_model(tmp_path).problem == ""


@pytest.mark.parametrize("name", ["with space", "Ünïcode", "a--b", ".hidden", "-begins", "ends.git", "a..b"])
def test_a_name_that_transformers_js_does_not_take(tmp_path: Path, name: str) -> None:
    write_model(tmp_path, name)
    assert not is_model_id(name)
    models = find_models(tmp_path).models
    assert [model.problem[:55] for model in models] == (
        [] if name == ".hidden" else ["Its folder has a name that transformers.js does not tak"]
    )
    for model in models:
        assert served(tmp_path, model, "config.json") is None


@posix
def test_a_name_that_is_no_text_can_still_be_shown(tmp_path: Path) -> None:
    write_model(tmp_path, os.fsdecode(b"bad\xff\n\xe2\x80\xae"))
    assert only_model(tmp_path).id.encode().decode() == "bad\ufffd\ufffd\ufffd"


def test_the_fingerprint_follows_every_file(tmp_path: Path) -> None:
    folder = write_model(tmp_path, "tiny")
    seen = [only_model(tmp_path).fingerprint]
    assert only_model(tmp_path).fingerprint == seen[0]
    assert served(tmp_path, only_model(tmp_path), "onnx/model_q4.onnx") == folder / "onnx/model_q4.onnx"

    def changed() -> None:
        model = only_model(tmp_path)
        assert model.fingerprint not in seen
        assert model_file(tmp_path, seen[-1], "tiny/config.json") is None, "a page of before gets no new files"
        assert served(tmp_path, model, "config.json")
        seen.append(model.fingerprint)

    (folder / "onnx/model_q4.onnx").write_bytes(b"x" * 5001)
    changed()
    os.utime(folder / "onnx/model_q4.onnx", (10**9, 10**9))
    changed()
    (folder / "onnx/model_q4f16.onnx").write_bytes(b"x")
    changed()
    (folder / "onnx/model_q4f16.onnx").rename(folder / "onnx/model_fp16.onnx")
    changed()
    (folder / "generation_config.json").unlink()
    changed()
    folder.rename(tmp_path / "Tiny")
    assert only_model(tmp_path).fingerprint not in seen


def test_a_model_that_is_mended_is_looked_at_again(tmp_path: Path) -> None:
    folder = write_model(tmp_path, "tiny", configDOTjson="{")
    assert only_model(tmp_path).problem
    (folder / "config.json").write_text("{}")
    assert only_model(tmp_path).problem == ""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models beside secrets, with all kinds of links."""
    home = tmp_path_factory.mktemp("home")
    (home / "secret.json").write_text('{"key": "secret"}')
    write_model(home, "outside")
    models = home / "models"
    inside = write_model(models, "tiny", DOThiddenDOTjson="{}", _envDOTjson="{}", secretDOTpem="x", deepDOTjson=None)
    write_model(models, "org/tiny")
    (inside / "onnx" / "below").mkdir()
    (inside / "onnx" / "below" / "config.json").write_text("{}")
    (inside / "folder.json").mkdir()
    if sys.platform != "win32":
        os.mkfifo(inside / "pipe.json")
        (inside / "out.json").symlink_to(home / "secret.json")
        (inside / "loop.json").symlink_to("loop.json")
        (inside / "within.json").symlink_to("config.json")
        (inside / "dangling.json").symlink_to("nowhere.json")
        (models / "linked").symlink_to(home / "outside")
        (models / "again").symlink_to("again")
        (models / "same").symlink_to("tiny")
        (models / "up").symlink_to(home)
    return models


ODD = ("..", ".", "", "~", "C:", "C:\\x", "..\\..", "\0", "%2e%2e", "CON", "tiny", "org", "outside", "linked", "up")
FILES = ("config.json", "onnx", "model_q4.onnx", "secret.json", "out.json", "loop.json", "below", ".hidden.json", "/")
parts = st.one_of(st.sampled_from(ODD + FILES), st.text(max_size=8))
ALLOWED = {"config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "onnx/model_q4.onnx"}


@settings(max_examples=120, deadline=None)
@given(path=st.lists(parts, max_size=6).map("/".join))
@example("tiny/config.json")
@example("tiny/../tiny/config.json")
@example("tiny/out.json")
@example("tiny/loop.json")
@example("tiny/pipe.json")
@example("tiny/.hidden.json")
@example("tiny/secret.pem")
@example("tiny/folder.json")
@example("tiny/onnx/below/config.json")
@example("tiny/onnx\\model_q4.onnx")
@example("linked/config.json")
@example("up/secret.json")
@example("up/outside/config.json")
@example("../outside/config.json")
@example("org/../../outside/config.json")
@example("again/config.json")
@example("tiny//config.json")
@example("/tiny/config.json")
@example("tiny/config.json\0.json")
@example("tiny/\ud800.json")
def test_no_path_leads_out_of_the_models(folder: Path, path: str) -> None:
    prints = {model.id: model.fingerprint for model in find_models(folder).models}
    assert set(prints) == {"tiny", "org/tiny"} | ({"same"} if sys.platform != "win32" else set())
    handed = {model_file(folder, fingerprint, path) for fingerprint in (*prints.values(), "", "0" * 16)} - {None}
    right = {f"{id_}/{name}" for id_ in prints for name in ALLOWED | {"_env.json"}}
    links = {"tiny/within.json", "same/within.json"} if sys.platform != "win32" else set[str]()
    assert bool(handed) == (path in right | links), path
    for file in handed:
        assert file
        assert file.resolve().is_relative_to(folder.resolve())
        assert file.is_file()


def test_every_file_that_is_listed_is_handed_out(folder: Path) -> None:
    for model in find_models(folder).models:
        for name in ALLOWED:
            path = served(folder, model, name)
            assert path
            assert path.samefile(folder / model.id / name)
        assert model_file(folder, "0" * 16, f"{model.id}/config.json") is None


@pytest.mark.parametrize(
    ("place", "note"),
    [
        ("nowhere", "There is no folder {} with models for browsers."),
        ("file", "{} is a file. LAB_MODELS_DIR has to name a folder with models."),
        ("empty", "{} has no model in it."),
        pytest.param("loop", "The folder {} cannot be opened (", marks=posix),
    ],
)
def test_a_folder_that_holds_no_models_is_told(tmp_path: Path, place: str, note: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x")
    if place == "loop":
        (tmp_path / "loop").symlink_to("loop")
    found = find_models(tmp_path / place)
    assert found.models == ()
    assert found.note.startswith(note.format(tmp_path / place))
    assert model_file(tmp_path / place, "0" * 16, "tiny/config.json") is None


def test_thousands_of_folders_are_not_all_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_model(tmp_path, "aa/first")
    for number in range(40):
        for inner in range(50):
            (tmp_path / f"n{number:02}" / f"{inner}").mkdir(parents=True)
    write_model(tmp_path, "zz/last")
    looks: list[str] = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: (looks.append(str(path)), scandir(path))[1])
    found = find_models(tmp_path)
    assert [model.id for model in found.models] == ["aa/first"]
    assert found.note == f"{tmp_path} has more than {MOST_FOLDERS:,} folders; only these were looked at."
    assert len(looks) < 2 * MOST_FOLDERS
    model = only_model(tmp_path)
    assert served(tmp_path, model, "config.json")


def test_the_table_of_the_public_hub() -> None:
    models = read_hub(HUB_FILE)
    (default,) = [model for model in models if model.default]
    assert 250e6 < min(default.precisions.values()) < 700e6
    assert "q4" in default.precisions, "runs where there is no shader-f16"
    for model in models:
        assert is_model_id(model.id)
        assert model.precisions.keys() <= SUFFIXES.keys()
        assert all(size > 100e6 for size in model.precisions.values())
    assert "about" in json.loads(HUB_FILE.read_text(encoding="utf-8"))["note"]
    assert all(host.startswith("https://") for host in HOSTS)


@pytest.mark.parametrize(
    "content",
    [
        None,
        "{}",
        '{"models": []}',
        '{"models": [{"id": "a/b", "default": true, "precisions": {}}]}',
        '{"models": [{"id": "a/b", "default": true, "precisions": {"q9": 1}}]}',
        '{"models": [{"id": "../b", "default": true, "precisions": {"q4": 1}}]}',
        '{"models": [{"id": "a/b", "default": false, "precisions": {"q4": 1}}]}',
    ],
)
def test_a_table_that_is_none_is_told(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "models.json").write_text(content)
    with pytest.raises(StorageError, match=r"models\.json is missing or damaged\. Install the app again\."):
        read_hub(tmp_path / "models.json")
