"""Settings: defaults, `.env`, and a plain sentence for every value that cannot be used."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr

from rag.errors import SettingsError
from rag.escalation.policy import Policy
from rag.library.folders import parse_folders
from rag.services import budget, policy
from rag.settings import Settings, find_file, product_folder, read_settings
from rag.turn.state import Budget
from tests import REPOSITORY

EXAMPLE = REPOSITORY / ".env.example"
KEYS = ("foundry_local_api_key", "llm_api_key")


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty folder to start in, no file of the checkout's own, and an environment without any of our names."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("rag.settings.product_folder", lambda: tmp_path / "app")
    for name in Settings.model_fields:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return tmp_path


def write_env(text: str, encoding: str = "utf-8") -> None:
    Path(".env").write_text(text, encoding=encoding)


def test_without_any_setting_the_defaults_apply():
    settings = read_settings()
    assert (settings.slm_alias, settings.llm_alias) == ("phi-4-mini", "gpt-oss-20b")
    assert (settings.runtime, settings.escalation) == ("auto", "auto")
    assert settings.library_dirs == ("docs_corpus",)
    assert (settings.flagged_topics, settings.allowed_origins) == ((), ())
    assert (settings.long_answer_chars, settings.short_answer_chars, settings.keep_warm_s) == (600, 0, 0)
    assert settings.foundry_local_endpoint == settings.llm_endpoint == ""
    assert settings.model_cache_dir is None


def test_a_file_named_env_is_read():
    write_env("SLM_ALIAS=qwen  # ours\nPASSAGES=7\nLLM_ALIAS='größer'\nSOMETHING_ELSE=1\n")
    settings = read_settings()
    assert (settings.slm_alias, settings.passages, settings.llm_alias) == ("qwen", 7, "größer")


def test_the_former_name_of_the_library_folders_still_works(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LIBRARY_DIR", "elsewhere")
    assert read_settings().library_dirs == ("elsewhere",)
    monkeypatch.setenv("LIBRARY_DIRS", "here, IT=there")
    assert read_settings().library_dirs == ("here", "IT=there")


def test_a_file_with_a_byte_order_mark_is_read_from_its_first_line():
    write_env("SLM_ALIAS=qwen\n", encoding="utf-8-sig")
    assert read_settings().slm_alias == "qwen"


def test_a_file_in_another_encoding_is_named_in_plain_words():
    write_env("SLM_ALIAS=größer\n", encoding="cp1252")
    with pytest.raises(SettingsError, match="UTF-8"):
        read_settings()


def test_a_file_is_looked_for_here_and_then_beside_the_app(nothing_is_set: Path):
    app = nothing_is_set / "app"
    for name in (".env", "models.json", "synonyms.txt", "docs_corpus", "handbook"):
        assert find_file(Path(name)) == Path(name)
    app.mkdir()
    for name in (".env", "models.json", "synonyms.txt", "handbook"):
        (app / name).write_text("SLM_ALIAS=the app's\n")
    (app / "docs_corpus").mkdir()
    for name in (".env", "models.json", "synonyms.txt", "docs_corpus"):
        assert find_file(Path(name)) == app / name
        assert find_file(nothing_is_set / name) == nothing_is_set / name
    assert find_file(Path("handbook")) == Path("handbook"), "a folder that a person names is not the app's"
    assert read_settings().slm_alias == "the app's"

    write_env("SLM_ALIAS=here\n")
    assert find_file(Path(".env")) == Path(".env")
    assert read_settings().slm_alias == "here"


def test_the_documents_that_ship_are_the_library_wherever_the_app_is_started(nothing_is_set: Path):
    (nothing_is_set / "app" / "docs_corpus").mkdir(parents=True)
    (shipped,) = parse_folders(read_settings().library_dirs)
    assert (shipped.name, shipped.path) == ("docs_corpus", nothing_is_set / "app" / "docs_corpus")
    Path("docs_corpus").mkdir()
    (own,) = parse_folders(read_settings().library_dirs)
    assert (own.name, own.path) == ("docs_corpus", nothing_is_set / "docs_corpus")


def test_the_apps_folder_is_the_checkout_that_this_is():
    assert product_folder() == REPOSITORY


def test_a_wrong_value_is_named_in_a_field_too(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PASSAGES", "0")
    monkeypatch.setenv("LLM_PRICE", "x,y")
    with pytest.raises(SettingsError) as caught:
        read_settings()
    assert caught.value.names == ("PASSAGES", "LLM_PRICE")


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch):
    write_env("SLM_ALIAS=qwen\nPASSAGES=7\n")
    monkeypatch.setenv("SLM_ALIAS", "mistral")
    assert (read_settings().slm_alias, read_settings().passages) == ("mistral", 7)


def test_an_empty_value_means_the_default(monkeypatch: pytest.MonkeyPatch):
    changed: list[str] = []
    for name in Settings.model_fields:
        with monkeypatch.context() as patch:
            patch.setenv(name.upper(), "")
            write_env(f"{name.upper()}=\n")
            if read_settings() != Settings.model_construct():
                changed.append(name)
    assert changed == []


@dataclass(frozen=True)
class Wrong:
    name: str
    value: str
    allowed: str


WRONG = [
    Wrong("PASSAGES", "five", "integer"),
    Wrong("PASSAGES", "2.5", "integer"),
    Wrong("PASSAGES", "0", "greater than or equal to 1"),
    Wrong("PASSAGES", "21", "less than or equal to 20"),
    Wrong("DRAFT_MAX_TOKENS", "15", "greater than or equal to 16"),
    Wrong("TEMPERATURE", "0,3", "number"),
    Wrong("TEMPERATURE", "2.1", "less than or equal to 2"),
    Wrong("TEMPERATURE", "nan", "less than or equal to 2"),
    Wrong("CONFIDENCE_THRESHOLD", "50", "less than or equal to 1"),
    Wrong("GROUNDING_THRESHOLD", "-0.1", "greater than or equal to 0"),
    Wrong("IDLE_TIMEOUT_S", "0", "greater than 0"),
    Wrong("UPLOAD_MAX_MB", "1001", "less than or equal to 1000"),
    Wrong("RUNTIME", "on", "'auto' or 'off'"),
    Wrong("ESCALATION", "false", "'auto' or 'off'"),
    Wrong("FOUNDRY_LOCAL_ENDPOINT", "localhost:5273", "http:// or https://"),
    Wrong("LLM_ENDPOINT", "ftp://example.org", "http:// or https://"),
]


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: f"{wrong.name}={wrong.value}")
def test_a_wrong_value_is_named_with_what_is_allowed(wrong: Wrong, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(wrong.name, wrong.value)
    with pytest.raises(SettingsError) as caught:
        read_settings()
    message = str(caught.value)
    assert f"{wrong.name}={wrong.value!r}" in message
    assert wrong.allowed in message
    assert ".env.example" in message
    assert "\n" not in message
    assert "pydantic" not in message


def test_every_wrong_value_is_named_at_once(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PASSAGES", "0")
    monkeypatch.setenv("RUNTIME", "on")
    with pytest.raises(SettingsError, match=r"PASSAGES='0'.*RUNTIME='on'|RUNTIME='on'.*PASSAGES='0'"):
        read_settings()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("dismissal", ("dismissal",)),
        (" dismissal , data breach,,", ("dismissal", "data breach")),
        (" , ", ()),
    ],
)
def test_lists_are_written_with_commas(value: str, expected: tuple[str, ...], monkeypatch: pytest.MonkeyPatch):
    names = ("flagged_topics", "allowed_origins", "library_dirs", "library_ignore")
    for name in names:
        monkeypatch.setenv(name.upper(), value)
    settings = read_settings()
    assert {name: getattr(settings, name) for name in names} == dict.fromkeys(names, expected)


@pytest.mark.parametrize(
    "value", ["http://127.0.0.1:5273/v1/", "http://127.0.0.1:5273/v1", " http://127.0.0.1:5273/v1 "]
)
def test_an_address_loses_its_last_slash(value: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LLM_ENDPOINT", value)
    assert read_settings().llm_endpoint == "http://127.0.0.1:5273/v1"


@pytest.mark.parametrize("name", KEYS)
def test_no_key_stands_in_a_printed_form(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(name.upper(), "sk-very-secret")
    settings = read_settings()
    assert getattr(settings, name).get_secret_value() == "sk-very-secret"
    for printed in (repr(settings), str(settings), settings.model_dump_json(), str(settings.model_dump())):
        assert "very-secret" not in printed


@pytest.mark.parametrize("name", KEYS)
def test_no_key_stands_in_the_message_about_another_value(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(name.upper(), "sk-very-secret")
    monkeypatch.setenv("PASSAGES", "0")
    with pytest.raises(SettingsError) as caught:
        read_settings()
    assert "very-secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_only_keys_are_secret_and_all_of_them():
    secret = [name for name, field in Settings.model_fields.items() if field.annotation is SecretStr]
    assert secret == [name for name in Settings.model_fields if "key" in name] == list(KEYS)


def test_settings_do_not_change_after_the_start():
    with pytest.raises(ValueError, match="frozen"):
        read_settings().passages = 3  # type: ignore[misc]


def offered() -> dict[str, str]:
    """Each setting of the example file, with the value that stands behind it."""
    return dict(re.findall(r"^#([A-Z][A-Z_]*)=(.*)$", EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE))


def test_every_setting_stands_in_the_example_file_in_the_same_order():
    assert list(offered()) == [name.upper() for name in Settings.model_fields]


def test_the_example_file_as_it_is_changes_nothing():
    write_env(EXAMPLE.read_text(encoding="utf-8"))
    assert read_settings() == Settings.model_construct()


def test_the_example_file_shows_the_defaults():
    uncommented = re.sub(r"^#(?=[A-Z][A-Z_]*=)", "", EXAMPLE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    write_env(uncommented)
    assert read_settings() == Settings.model_construct()


def test_each_value_of_the_example_file_is_written_as_its_default():
    for name, value in offered().items():
        default = Settings.model_fields[name.lower()].default
        shown = default.get_secret_value() if isinstance(default, SecretStr) else default
        shown = ", ".join(map(str, shown)) if isinstance(shown, tuple) else shown
        assert value == ("" if shown is None else str(shown)), name


def test_the_core_has_the_same_defaults():
    assert budget(read_settings()) == Budget()
    assert policy(read_settings()) == Policy()


def test_every_setting_says_what_it_is_for():
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name
