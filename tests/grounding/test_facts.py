"""Numbers, dates, units and codes: the same fact in another spelling, and another fact in the same one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.grounding.facts import Facts, Known


def missing(draft: str, *passages: str) -> int:
    return Known.together(map(Known.of, passages)).missing(Facts.of(draft))


SAME = [
    # grouping and decimals
    ("25,000 users", "25 000 users"),
    ("25.000 usuarios", "25,000 users"),
    ("25000", "25\u202f000"),
    ("1'250'000", "1.250.000"),
    ("1.234,56 €", "€ 1,234.56"),
    ("3,5 kg", "3.5 kg"),
    ("20.5", "20,5"),
    ("3.0", "3"),
    ("9:00", "09:00"),
    ("−18 °C", "-18 °C"),
    ("5-10 files", "5 to 10 files"),
    ("٢٥ ميغابايت", "25 ميغابايت"),
    ("最大为25MB", "at most 25 MB"),
    ("rooms 12 345", "room 12, room 345"),
    # units
    ("25MB", "25 megabytes"),
    ("25 МБ", "25 MB"),
    ("25 %", "25 percent"),
    ("25 por ciento", "25%"),
    ("$25", "25 dollars"),
    ("25 €", "EUR 25"),
    ("30-day trial", "30 days"),
    ("25 working days", "25 days"),
    ("3 tedne", "3 weeks"),
    ("5 дней", "5 days"),
    ("25 of them", "25 MB"),
    ("25 MB", "the limit (in MB): 25"),
    # multipliers and words
    ("2.5 million", "2,500,000"),
    ("2,5 млн", "2.5 million"),
    ("25 mil euros", "25.000 euros"),
    ("3 days", "three days"),
    ("5 дней", "пять дней"),
    # dates
    ("2024-05-01", "1 May 2024"),
    ("1 de mayo de 2024", "2024-05-01"),
    ("1º de maio de 2024", "May 1, 2024"),
    ("1. maja 2024", "May 1st, 2024"),
    ("1 мая 2024 г.", "01.05.2024"),
    ("2024年5月1日", "1 May 2024"),
    ("01/05/2024", "5/1/2024"),
    ("the 1st of May", "1 de mayo de 2024"),
    ("May 2024", "1 May 2024"),
    ("in 2024", "1 May 2024"),
    ("1 May 2024", "Holidays of 2024: 1 May, 2 May"),
    # none at all
    ("1. Upload it.\n2) Ask.", "Nothing."),
    ("five files", "Nothing."),
    ("gpt-oss-20b", "It runs gpt-oss-20b."),
    ("ISO-9001", "ISO 9001"),
    ("since the 1950s", "since the mid-1950s"),
]

OTHER = [
    ("50 MB", "25 MB"),
    ("25 GB", "25 MB"),
    ("25 недель", "25 дней"),
    ("3 days", "3 weeks"),
    ("$25", "25 €"),
    ("25 %", "25 MB"),
    ("25", "250"),
    ("2.5", "25"),
    ("5 million", "5 thousand"),
    ("-18 °C", "18 °C"),
    ("9:30", "9:00"),
    ("Python 3.1", "Python 3.10"),
    ("1.2.4", "1.2.3"),
    ("ISO-9002", "ISO 9001"),
    ("gpt-oss-120b", "gpt-oss-20b"),
    ("2024-05-02", "2024-05-01"),
    ("1 May 2023", "1 May 2024"),
    ("1 June 2024", "1 May 2024"),
    ("3 May 2024", "May 2024"),
    ("up to 25 may be sent", "1 May"),
]


@pytest.mark.parametrize(("draft", "passage"), SAME)
def test_the_same_fact_in_another_spelling_is_held(draft: str, passage: str):
    assert missing(draft, passage) == 0


@pytest.mark.parametrize(("draft", "passage"), OTHER)
def test_another_fact_is_missing(draft: str, passage: str):
    assert missing(draft, passage) == 1


@pytest.mark.parametrize("draft", ["25 MB", "1 May", "2024-05-01", "A4"])
def test_without_passages_every_fact_is_missing(draft: str):
    assert missing(draft) == 1


def test_facts_may_stand_in_different_passages():
    assert missing("25 MB since 1 May", "25 MB", "1 May") == 0


def test_each_missing_fact_counts():
    assert missing("25 MB, 30 MB, 2 May and A5", "25 MB") == 3


@given(st.integers(1_000, 999_999_999), st.sampled_from([",", ".", " ", "'", "\u00a0", "\u202f", "’"]))
def test_the_mark_between_thousands_does_not_matter(number: int, mark: str):
    grouped = f"{number:,}".replace(",", mark)
    assert missing(f"It is {grouped}.", f"There are {number} of them") == 0
    assert missing(f"It is {number}.", f"There are {grouped} of them") == 0
    assert missing(f"It is {grouped}.", f"There are {number + 1} of them") == 1


@given(st.dates(), st.dates())
def test_two_days_agree_only_when_they_are_the_same(one, other):  # type: ignore[no-untyped-def]
    written = f"{one.day} {one:%B} {one.year:04}"
    assert missing(written, one.isoformat()) == 0
    assert missing(written, other.isoformat()) == (one != other)


@given(st.text(), st.text())
def test_any_text_has_its_own_facts(text: str, more: str):
    assert missing(text, text, more) == 0
