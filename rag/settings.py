"""Every knob, read once from the environment and `.env`; a wrong value stops the start with its name."""

from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from rag.errors import SettingsError
from rag.storage import user_data_dir

Share = Annotated[float, Field(ge=0, le=1)]
Price = Annotated[float, Field(ge=0)]
Prices = Annotated[tuple[Price, Price], NoDecode]

_SHIPPED = frozenset({".env", "models.json", "synonyms.txt", "docs_corpus", "evaluation/questions.jsonl"})
"""Names that are looked for in the app's own folder too."""


def product_folder() -> Path:
    """The folder of what is no Python package: `app.py`, `docs_corpus/`, `lab/`, `public/`, `.chainlit/`.

    In a checkout it is the folder that holds `rag/`; an installed package has it within.
    """
    package = Path(__file__).parent
    installed = package / "product"
    return installed if installed.is_dir() else package.parent


def find_file(path: Path) -> Path:
    """The path as it is, below the working directory; where nothing is there, the app's own file of that name."""
    own = product_folder() / path
    return own if path.as_posix() in _SHIPPED and not path.exists() and own.exists() else path


class Settings(BaseSettings):
    """What an organisation may change; the names are the environment's, in lower case."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True)

    # Models
    slm_alias: str = Field(default="phi-4-mini", description="The small model, which answers first.")
    llm_alias: str = Field(
        default="gpt-oss-20b", description="The larger model, which takes over when the draft is not good."
    )
    foundry_local_endpoint: str = Field(
        default="",
        description="An OpenAI-compatible server to use instead of the runtime in this app, with or without /v1.",
    )
    foundry_local_api_key: SecretStr = Field(default=SecretStr(""), description="Its key, if it wants one.")
    llm_endpoint: str = Field(default="", description="A server of its own for the larger model.")
    llm_api_key: SecretStr = Field(default=SecretStr(""), description="Its key, if it wants one.")
    model_cache_dir: Path | None = Field(
        default=None, description="Where model files lie; empty for Foundry Local's own folder."
    )
    runtime: Literal["auto", "off"] = Field(
        default="auto",
        description="`off` never starts Foundry Local in this app: quotes only, unless an endpoint is set.",
    )
    catalogue: Literal["online", "disk"] = Field(
        default="online",
        description="`disk` knows only the models on this disk and gives Foundry Local no way to the internet.",
    )
    keep_warm_s: float = Field(
        default=0, ge=0, description="Seconds between one-token prompts that keep a model warm; 0 is off."
    )
    idle_timeout_s: float = Field(
        default=60, gt=0, description="A model that sends nothing for so many seconds has stalled."
    )

    # Answers
    draft_max_tokens: int = Field(default=300, ge=16, le=32_000, description="The longest draft, in tokens.")
    answer_max_tokens: int = Field(
        default=600, ge=16, le=32_000, description="The longest answer of the larger model, in tokens."
    )
    temperature: float = Field(default=0.3, ge=0, le=2, description="0 repeats itself, 1 varies.")
    passages: int = Field(default=8, ge=1, le=20, description="The most passages that a prompt quotes from.")
    passage_tokens: int = Field(
        default=800, ge=100, le=100_000, description="The most tokens of them; an easy question needs far fewer."
    )
    history_tokens: int = Field(
        default=800, ge=0, le=100_000, description="Token budget for earlier questions and answers."
    )
    question_max_chars: int = Field(
        default=8000, ge=100, description="Longer messages are refused with a hint to upload a file."
    )

    # Escalation
    escalation: Literal["auto", "off"] = Field(
        default="auto", description="`off`: the larger model is used only when asked."
    )
    confidence_threshold: Share | None = Field(
        default=None,
        description="A draft below it goes to the larger model. Empty: 0.5, or what `rag calibrate` saved.",
    )
    grounding_threshold: Share | None = Field(
        default=None,
        description="A search below it means: the documents do not hold the answer. Empty: measured on your library.",
    )
    early_escalation: Literal["on", "off"] = Field(
        default="on", description="`on` gives a draft up while it is written, once it has left the passages."
    )
    escalation_share: Share = Field(
        default=0.5, description="The most of the latest turns that the larger model may take by itself."
    )
    escalation_wait_s: float = Field(
        default=120,
        gt=0,
        description="The longest that the larger model may be expected to take; else the draft stays.",
    )
    long_answer_chars: int = Field(default=600, ge=0, description="A draft longer than this is refined; 0 is off.")
    short_answer_chars: int = Field(
        default=0, ge=0, description="A draft shorter than this is answered again; 0 is off."
    )
    flagged_topics: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Words, comma-separated, whose questions always get the larger model's polish."
    )

    escalation_capabilities: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="code, long-context, multilingual: questions that need one go straight to the larger model, "
        "if only that has the tag in models.json.",
    )

    # Documents
    library_dirs: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("docs_corpus",),
        validation_alias=AliasChoices("library_dirs", "library_dir"),
        description="Folders, comma-separated, whose documents everybody may ask about; name=folder gives one a name.",
    )
    library_ignore: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Files to leave out, comma-separated patterns as in .gitignore, such as drafts/, *.log."
    )
    library_file_max_mb: float = Field(default=100, gt=0, le=1000, description="The largest file of a library folder.")
    data_dir: Path | None = Field(
        default=None, description="Where the library's index and the turn log lie; empty for the user's data folder."
    )
    synonyms: Path = Field(
        default=Path("synonyms.txt"),
        description="A file with one group of words a line that mean the same here, added to the shipped everyday "
        "words; a line `! word, word` does without the shipped synonyms of these words, `! *` without all; "
        "it need not be there.",
    )
    ocr: Literal["auto", "off"] = Field(
        default="auto", description="`auto` reads scans and pictures where Tesseract is installed."
    )
    rewrite: Literal["auto", "off"] = Field(
        default="auto",
        description="`auto` lets the small model, if idle, put foreign questions and follow-ups into the documents' "
        "words.",
    )
    upload_max_mb: float = Field(default=25, gt=0, le=1000, description="The largest file that may be dropped in.")
    upload_max_files: int = Field(default=20, ge=1, le=200, description="The most files at once, and in one chat.")
    document_max_pages: int = Field(default=2000, ge=1, description="The most pages of one document.")
    document_max_chars: int = Field(default=5_000_000, ge=1000, description="The most text of one document, expanded.")
    read_timeout_s: float = Field(default=30, gt=0, description="The longest that reading one file may take.")
    read_workers: int = Field(default=1, ge=1, le=16, description="Processes that read files.")

    # Turn log
    turn_log: Literal["on", "off"] = Field(
        default="on",
        description="`on` notes times, tokens and decisions of each turn for `rag report`; never its words.",
    )
    log_text: Literal["on", "off"] = Field(
        default="off",
        description="`on` notes questions and answers too; `rag calibrate` and people can then read them.",
    )
    slm_price: Prices = Field(
        default=(0, 0),
        description="Price of a million tokens of the small model: read, written; such as 0.10,0.40.",
    )
    llm_price: Prices = Field(default=(0, 0), description="The same of the larger model.")

    # Lab
    lab: Literal["on", "off"] = Field(
        default="on", description="`on` shows the lab at /lab, where models are tried side by side."
    )
    lab_models_dir: Path | None = Field(
        default=None,
        description="Folder with models that a browser may load; empty for lab/models in the data folder.",
    )
    lab_remote_models: Literal["on", "off"] = Field(
        default="off",
        description="`on` lets a browser download models from huggingface.co, after a click that names the size.",
    )
    lab_prompts_per_minute: int = Field(
        default=30, ge=1, le=10_000, description="The most prompts that the lab takes a minute from one address."
    )

    # Chat
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Other addresses, comma-separated, that may show this chat, such as https://chat.example.org.",
    )
    disconnect_grace_s: float = Field(
        default=15, ge=0, description="A closed tab may come back for so long before its answer stops."
    )

    @field_validator(
        *("flagged_topics", "allowed_origins", "library_dirs", "library_ignore", "slm_price", "llm_price"),
        "escalation_capabilities",
        mode="before",
    )
    @classmethod
    def _comma_separated(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("foundry_local_endpoint", "llm_endpoint")
    @classmethod
    def _web_address(cls, value: str) -> str:
        value = value.strip().rstrip("/")
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return value

    @cached_property
    def data_folder(self) -> Path:
        """`data_dir`, or this account's own: where indexes, logs and lists of this app lie."""
        return self.data_dir or user_data_dir()


def read_settings() -> Settings:
    """The settings of this process.

    Raises:
        SettingsError: a value is not allowed; the text names each setting, its value and what is allowed.
    """
    try:
        return Settings(_env_file=find_file(Path(".env")))  # pyright: ignore[reportCallIssue]
    except UnicodeDecodeError:
        raise SettingsError("The file .env is not UTF-8 text. Save it in that encoding.") from None
    except ValidationError as error:
        faults = [("".join(map(str, fault["loc"][:1])).upper(), fault) for fault in error.errors()]
        lines = " ".join(f"{name}={fault['input']!r}: {fault['msg']}." for name, fault in faults)
        names = tuple(dict.fromkeys(name for name, _ in faults))
        raise SettingsError(f"These settings cannot be used, see .env.example: {lines}", names=names) from None
