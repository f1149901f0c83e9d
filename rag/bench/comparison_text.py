"""The comparison of two bench runs for the terminal, the verdict first. Pure."""

from collections.abc import Iterator, Sequence

from rag.bench.comparing import FEWEST, SpeedChange, SpeedComparison
from rag.bench.numbers import figures
from rag.bench.tables import aligned, printable

_HEAD = ("what", "quantity", "old", "new", "new/old", "95 % interval", "rounds")


def as_text(found: SpeedComparison) -> str:
    """What is slower, what is faster, what could not be told; then what else differs."""
    return "\n".join(_report(found))


def _report(found: SpeedComparison) -> Iterator[str]:
    yield _verdict(found)
    for title, changes in (("Slower", found.of("slower")), ("Faster", found.of("faster"))):
        if changes:
            yield ""
            yield title
            yield from aligned(_HEAD, [_row(change) for change in changes], 2)
    listed = (
        ("Only in the old run", found.missing),
        ("Only in the new run", found.added),
        ("Not compared, because the prompt has another text now", found.reworded),
        ("What else differs", found.remarks),
    )
    for title, lines in listed:
        if lines:
            yield ""
            yield f"{title}:"
            yield from (f"- {printable(line)}" for line in lines)


def _verdict(found: SpeedComparison) -> str:
    slower, faster, few = (found.of(verdict) for verdict in ("slower", "faster", "too few"))
    judged = len(found.changes) - len(few)
    told = [f"Too few rounds for {_count(few)}: it takes {FEWEST} on each side."] if few else []
    if not judged:
        return " ".join(["Nothing could be compared.", *told])
    beyond = f"beyond noise and beyond {found.tolerance:.0%}"
    return " ".join([f"Of {judged} quantities {len(slower)} are slower and {len(faster)} faster, {beyond}.", *told])


def _count(changes: Sequence[SpeedChange]) -> str:
    return f"{len(changes)} quantit{'y' if len(changes) == 1 else 'ies'}"


def _row(change: SpeedChange) -> tuple[str, ...]:
    between = f"{change.low:.2f} to {change.high:.2f}"
    times = (figures(change.old), figures(change.new), f"{change.ratio:.2f}", between)
    return str(change.key), change.quantity, *times, f"{change.rounds[0]}, {change.rounds[1]}"
