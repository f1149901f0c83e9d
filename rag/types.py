"""The types that all rooms share, all frozen: documents, hits, intents, generations, decisions, the turn."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Origin = Literal["library", "upload"]
IntentKind = Literal["lookup", "talk", "catalogue", "whole_document", "comparison"]
WholeTask = Literal["summary", "key_points", "about", "outline", "translate", "question"]
ScopeChoice = Literal["auto", "files", "library", "both"]
"""Where a chat searches: its files and, where they do not hold the answer, the library; one of them; both at once."""


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was read: what a person needs to recognise it."""

    name: str
    """The file's name, with its folder inside the library ("guides/start.md")."""
    title: str
    origin: Origin = "library"
    collection: str = ""
    """The name of the library folder that it is in; "" for an upload."""
    language: str = ""
    """ISO 639-1 code, or "" when it is unknown."""
    pages: int = 0
    """0 for formats without pages."""
    characters: int = 0

    @property
    def id(self) -> str:
        """One document of a name in each library folder, and in each chat."""
        return ":".join(filter(None, (self.origin, self.collection, self.name)))


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk of a document, small enough to quote: about 160 words under one heading."""

    document: Document
    ordinal: int
    """Its position in the document, from 0."""
    text: str
    headings: tuple[str, ...] = ()
    """The path of its headings, outermost first."""
    page: int | None = None
    """From 1; None for formats without pages."""
    unit: Literal["page", "slide"] = "page"
    """What `page` counts."""
    rows: tuple[int, int] | None = None
    """The first and last row of a table or sheet that the text holds, as the file counts them, from 1."""
    header: str = ""
    """The header of the table whose rows the text begins with; "" where the text has it itself. Not in `text`."""
    start: int = 0
    end: int = 0
    """Character offsets in the document's extracted text, `text[start:end]`."""

    @property
    def id(self) -> str:
        """Unique within a chat and the library."""
        return f"{self.document.id}#{self.ordinal}"

    @property
    def place(self) -> str:
        """Where a person finds it, as one line: "guide.pdf › Setup › Proxy · p. 3", "prices.xlsx › May · rows 2–40"."""
        path = [self.document.name, *(h for h in self.headings if h != self.document.title)]
        return " · ".join(filter(None, (" › ".join(path), self.where)))

    @property
    def where(self) -> str:
        """The end of that line: "p. 3", "slide 4", "rows 2–40", or "" in a text without such parts."""
        page = f"{'p.' if self.unit == 'page' else self.unit} {self.page}" if self.page else ""
        first, last = self.rows or (0, 0)
        rows = (f"row {first}" if first == last else f"rows {first}–{last}") if self.rows else ""
        return " · ".join(filter(None, (page, rows)))

    @property
    def shown(self) -> str:
        """The text under the header of its table, as a person or a model needs it."""
        return f"{self.header}\n{self.text}" if self.header else self.text


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that a search found."""

    passage: Passage
    score: float
    """BM25, comparable within one index only."""
    normalised_score: float = 0.0
    """[0, 1]: the score over the most that the query could score; comparable between indexes."""


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search found, and how."""

    hits: tuple[Hit, ...]
    """Best first, without near-duplicates."""
    weights: Mapping[str, float] = field(default_factory=dict[str, float])
    """Weight of each analysed query term (its share of the query times its idf), for ranking sentences."""
    searched: int = 0
    """Passages that were searched."""
    coverage: float = 0.0
    """[0, 1]: share of the question's idf mass whose words stand in the hits."""
    question: str = ""
    """The other words for the question by which most was found; "" where it was the question as it was asked."""
    corrections: Mapping[str, str] = field(default_factory=dict[str, str])
    """Misspelt words of the question, each with the word that was searched for in its place."""
    replaced: frozenset[str] = frozenset()
    """The question's terms in whose place the hits have a synonym."""

    @property
    def normalised_score(self) -> float:
        """[0, 1]: the strongest hit's; after a change of topic it need not be the first."""
        return max((hit.normalised_score for hit in self.hits), default=0.0)


BROKEN, EARLY = "broken", "early"
"""Finish reasons of our own: the stream failed after its first words; the draft was stopped early."""


@dataclass(frozen=True, slots=True)
class WholeRequest:
    """What is asked of whole documents."""

    task: WholeTask
    question: str
    """As it was asked."""
    language: str = ""
    """ISO 639-1 code of the answer's language; "" for that of the question."""
    most_sentences: int = 5
    """Of the answer, or points, or lines."""
    pages: tuple[int, ...] = ()
    """Only these pages or slides, from 1; all of them where it is empty."""


@dataclass(frozen=True, slots=True)
class Intent:
    """What a question asks for, and about which documents."""

    kind: IntentKind = "lookup"
    documents: tuple[Document, ...] = ()
    """Those that it points at; empty where it points at none."""
    reason: str = ""
    """Why these documents, for a person: "because it was attached to this question"."""
    pointed_at: bool = False
    """Whether the question itself says that it is about them, rather than the moment of it."""
    parts: tuple[str, ...] = ()
    """The questions of a comparison, or of several in one; each is searched for by itself."""
    pages: tuple[int, ...] = ()
    """The pages or slides of the documents that it points at, from 1."""
    in_library: bool = False
    """Whether it names the library as the place to look."""
    request: WholeRequest | None = None
    """With "whole_document": what is asked of them."""
    folder: str = ""
    """The folder that the documents are all of; "" where it names none."""


LOOKUP = Intent()


@dataclass(frozen=True, slots=True)
class Exchange:
    """An earlier question of this chat with the answer that it got."""

    question: str
    answer: str
    intent: Intent = LOOKUP
    documents: tuple[Document, ...] = ()
    """Those that the answer was about, or cites."""


@dataclass(frozen=True, slots=True)
class Attachments:
    """A chat's files, and how far they are what is asked about."""

    documents: tuple[Document, ...] = ()
    """Oldest first; without those that the person has switched off."""
    new: frozenset[str] = frozenset()
    """The ids of those that came with the question."""
    choice: ScopeChoice = "auto"
    off: frozenset[str] = frozenset()
    """The ids of files that the person has switched off."""

    @property
    def left_out(self) -> frozenset[str]:
        """The ids of the files that are not searched."""
        searched = self.choice != "library"
        return self.off if searched else self.off.union(document.id for document in self.documents)


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the server counted them."""

    prompt: int = 0
    completion: int = 0
    reasoning: int = 0
    """Part of `completion` that was spent on reasoning."""


@dataclass(frozen=True, slots=True)
class Generation:
    """What one model wrote for one prompt."""

    model: str
    """The alias ("phi-4-mini"), or "quoting"."""
    text: str
    reasoning: str = ""
    usage: Usage | None = None
    """None when the server did not count."""
    finish_reason: str = ""
    """Such as "stop" or "length"; `BROKEN` when it failed after its first words, `EARLY` when it was stopped."""
    seconds: float = 0.0
    """From the request to the last token."""
    tokens_per_second: float | None = None
    """Completion tokens after the first over the time after the first token; None when that is unknown."""
    logprobs: tuple[float, ...] = ()
    """The natural logarithm of each token's probability; empty where the server does not send them."""
    generated: bool = True
    """False for quotes, which no model wrote."""


@dataclass(frozen=True, slots=True)
class Citation:
    """A numbered passage of the prompt, and whether the answer points at it."""

    number: int
    hit: Hit
    cited: bool
    quote: tuple[int, int] | None = None
    """Span in the passage's text of the sentence that supports the claim best."""


Problem = Literal["number", "name", "negation", "no_source"]
"""A number, date or code, or a name, stands in no source of the sentence; a source says the opposite; no passage holds
enough of its words."""


@dataclass(frozen=True, slots=True)
class UnsupportedSentence:
    """A sentence of an answer that no passage supports."""

    start: int
    end: int
    """Span in the answer, marks included."""
    problems: tuple[Problem, ...]
    """At least one."""


@dataclass(frozen=True, slots=True)
class SentenceChange:
    """One sentence of the draft in the larger model's answer."""

    kind: Literal["kept", "reworded", "added", "removed"]
    before: str = ""
    """The draft's sentence; "" where one was added."""
    after: str = ""
    """The larger model's; "" where one was removed."""


Trigger = Literal["low_confidence", "long_answer", "short_answer", "flagged_topic", "cut_off", "capability", "asked"]
BlockedBy = Literal["local", "off", "no_model", "failed", "share", "wait"]
"""Asked as Local only; escalation is off; no larger model; it did not answer; its share of turns is used up; the wait
would be too long."""


@dataclass(frozen=True, slots=True)
class Signal:
    """A named number in [0, 1]: 1 is evidence for the draft, 0 against it."""

    name: str
    value: float
    meaning: str
    """One line for the panel."""
    threshold: float | None = None
    """Below it the signal alone triggers the larger model or an abstention; None when it is one of several."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What is done with a search or a draft, and why."""

    action: Literal["keep", "escalate", "abstain"]
    reason: str
    """One sentence for the person."""
    confidence: float
    threshold: float
    trigger: Trigger | None = None
    """What called for the larger model, also when it was blocked."""
    way: Literal["answer", "refine"] | None = None
    """With `escalate`: answer again from the passages, or refine the draft."""
    signals: tuple[Signal, ...] = ()
    match: float = 1.0
    """[0, 1]: how probably the passages hold the answer."""
    match_threshold: float = 0.0
    """Below it the documents are taken not to hold the answer."""
    blocked_by: BlockedBy | None = None
    """Why the draft was kept although a trigger fired."""


@dataclass(frozen=True, slots=True)
class EscalationReport:
    """What the larger model cost a turn that had a draft, and what it changed."""

    seconds: float
    """That it added to the turn, its check included."""
    tokens: int | None
    """That it generated, reasoning included; None when its server did not count."""
    support_before: float
    """[0, 1]: how probably the passages support the draft."""
    support_after: float
    """[0, 1]: how probably they support the larger model's answer."""
    changes: tuple[SentenceChange, ...]
    """Sentence by sentence, in the order of the larger model's answer."""

    @property
    def changed(self) -> bool:
        """Whether any sentence is not as it was."""
        return any(change.kind != "kept" for change in self.changes)


Mode = Literal["auto", "local", "large"]
Outcome = Literal["answered", "escalated", "kept_draft", "abstained", "quoted", "replied"]
""" "replied": small talk, or what documents there are; neither passages nor a model."""
StageName = Literal[
    "intent",
    "rewrite",
    "search",
    "read",
    "prompt",
    "load",
    "request",
    "first_token",
    "generate",
    "check",
    "escalation_load",
    "escalation_request",
    "escalation_first_token",
    "escalation_generate",
    "escalation_check",
]


@dataclass(frozen=True, slots=True)
class StageTime:
    """One bar of the panel; seconds from the start of the turn."""

    name: StageName
    start: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Timings:
    """Where the time of a turn went; the stages follow one another without gaps."""

    stages: tuple[StageTime, ...] = ()
    total: float = 0.0
    """Seconds."""

    def seconds(self, name: StageName) -> float:
        """The time in all stages of that name; 0 when the turn had none."""
        return sum(stage.seconds for stage in self.stages if stage.name == name)


@dataclass(frozen=True, slots=True)
class Turn:
    """One question and all that came of it."""

    question: str
    answer: str
    """What the person reads: checked marks, no leaked channel marks."""
    outcome: Outcome
    citations: tuple[Citation, ...]
    """Every passage that the model was given, by number; `cited` marks those that the answer uses."""
    search: SearchResult
    decision: Decision
    timings: Timings
    draft: Generation | None = None
    escalated: Generation | None = None
    """What the larger model wrote, also when the draft was kept."""
    escalation_report: EscalationReport | None = None
    """With a draft and a larger model's answer: what the second cost and changed."""
    notices: tuple[str, ...] = ()
    """Sentences for the person about what did not go as usual."""
    intent: Intent = LOOKUP
    corrected_marks: int = 0
    """Sentences of the answer whose marks were set right, each by its passage."""
    unsupported: tuple[UnsupportedSentence, ...] = ()
    """Sentences of the answer that no passage supports, in order."""
    listed: tuple[Passage, ...] = ()
    """How each document begins that the answer to "which documents are there" names."""

    @property
    def documents(self) -> tuple[Document, ...]:
        """Those that it is about: what was asked about as a whole, else what the answer cites, each once."""
        cited = tuple(dict.fromkeys(each.hit.passage.document for each in self.citations if each.cited))
        return self.intent.documents if self.intent.kind == "whole_document" else cited or self.intent.documents

    @property
    def model(self) -> str:
        """The alias of the model whose text is the answer; "" when none wrote it."""
        if self.outcome == "escalated" and self.escalated:
            return self.escalated.model
        return self.draft.model if self.draft and self.outcome != "abstained" else ""
