"""The benchmark on BEGIN reads its files and measures what it says, on a few drafts of the same form."""

from pathlib import Path

import pytest

from benchmarks.begin import ALTERED, SETS, altered, samples, show, table
from rag.grounding.support import SUPPORTED

HEAD = "model_name\tdata_source\tknowledge\tmessage\tresponse\tbegin_label"
LABELS = ("Fully attributable", "Generic", "Not fully attributable")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in SETS:
        lines = [HEAD]
        for n in range(12):
            passage = f'Shop "{name} {n} opens at {n + 6} and is run by Ana Novak.'
            drafts = (f"It is run by Ana Novak and opens at {n + 6}", "sounds great", "Bob sells zebras since 1950")
            lines += [f"t5\tx\t{passage}\t?\t{draft}\t{label}" for draft, label in zip(drafts, LABELS, strict=True)]
        (tmp_path / f"begin_dev_{name}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path


def test_every_line_is_a_sample_and_quotes_mean_nothing(folder: Path):
    found = samples(folder)
    assert [found.sets.count(name) for name in SETS] == [36, 36]
    assert [sum(found.of(name).labels) for name in (*SETS, ALTERED)] == [12, 12, 0]
    assert len(set(found.groups)) == 24
    assert all(set(SUPPORTED) <= row.keys() for row in found.rows)


def test_an_attributable_draft_is_altered_in_number_name_and_negation():
    assert list(altered("He is Ana, aged 25.", "Ana is 25.", ["Bob"])) == [
        *("He is Ana, aged 28.", "He is Bob, aged 25.", "He is not Ana, aged 25."),
    ]
    assert list(altered("nothing to change", "", ["Bob"])) == []


def test_the_table_separates_what_is_easy_to_separate(folder: Path):
    measured = table(folder)
    assert all(value == 1 for value in measured["combined"]["auroc"].values())
    assert all(measured["alone"]["together"][name] == 1 for name in SETS)
    assert "out of fold" in show(measured)
