"""What the search of the lab's page must find, worked out by the server's own: `python -m tests.lab_vectors` writes it.

`tests/lab_vectors.json` holds small texts in many languages with their terms and rankings. The Python side and the
JavaScript side are both compared with it, so that neither can change alone.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from rag.retrieval.memory_index import MemoryIndex
from rag.text.analysis import GRAM_WEIGHT, analyse
from rag.types import Document, Passage

FILE = Path(__file__).with_suffix(".json")

DOCUMENTS: dict[str, list[tuple[tuple[str, ...], str]]] = {
    "Handbook": [
        ((), "Welcome to the workshop. The handbook of the workshop explains what everybody needs in the first week."),
        (("Travel",), "Travel costs are refunded within ten working days. Keep the receipts until the refund arrives."),
        (("Travel", "Trains"), "Tickets for trains are booked by the office, generally in second class."),
        (("Handbook", "Tools"), "Borrowed tools go back to the rack. Anyone borrowing a drill signs the list."),
    ],
    "Manual de la casa": [
        (("Viajes",), "Los gastos de viaje se reembolsan en diez días laborables. Guarde los recibos del año."),
        (("Herramientas",), "Quien toma prestada una herramienta la devuelve al estante antes de las cinco."),
    ],
    "Manual da oficina": [
        (("Viagens",), "As despesas de viagem são reembolsadas em dez dias úteis, com a apresentação dos recibos."),
        ((), "Não é permitido levar as ferramentas para casa sem a autorização do responsável."),
    ],
    "Справочник мастерской": [
        (("Поездки",), "Расходы на поездки возвращаются в течение десяти рабочих дней. Сохраняйте все чеки."),
        (("Инструменты",), "Ёлочный рынок закрыт, а взятый инструмент вернувшийся мастер кладёт на место."),
    ],
    "Priročnik delavnice": [
        (("Potovanja",), "Potni stroški se povrnejo v desetih delovnih dneh, če so računi priloženi."),
        (("Orodje",), "Izposojeno orodje vrnite na polico; ključ visi pri vratih skladišča."),
    ],
    "Werkstattbuch": [
        (
            ("Reisen",),
            "Reisekosten werden binnen zehn Werktagen erstattet. Größere Beträge prüft die Geschäftsleitung.",
        ),
        (
            ("Straße & Übung",),
            "Die Werkzeugausgabe schließt um fünf; Straßenschuhe sind in der Werkstatt nicht erlaubt.",
        ),
    ],
    "Εγχειρίδιο": [
        (("Ταξίδια",), "Τα έξοδα των ταξιδιών επιστρέφονται μέσα σε δέκα εργάσιμες ημέρες με τις αποδείξεις τους."),
        ((), "Τα δανεισμένα εργαλεία επιστρέφουν στο ράφι· οι φωτογραφίες τους βρίσκονται στον κατάλογο."),
    ],
    "دليل الورشة": [
        (("السفر",), "تُدفع نفقات السفر خلال عشرة أيام عمل، ويحتفظ المسافرون بالإيصالات."),
        (("الأدوات",), "تعاد الأدوات المستعارة إلى مكانها قبل الساعة ٥، وكتاب الورشة عند المكتبات."),
    ],
    "कार्यशाला पुस्तिका": [
        (("यात्रा",), "यात्रा के खर्चे दस कार्य दिवसों में लौटाए जाते हैं। रसीदें सँभालकर रखें।"),
        (("औज़ार",), "उधार लिए गए औज़ारों को शाम से पहले अलमारी में वापस रखना होगा।"),
    ],
    "工房手册": [
        (("出差",), "出差费用在十个工作日内报销，请保留全部收据。"),
        ((), "借用的工具当天放回架子，钥匙在办公室Room 12的抽屉里。"),
    ],
    "工房のしおり": [
        (("出張",), "出張の費用は十営業日以内に払い戻されます。領収書を保管してください。"),
        ((), "借りた工具はその日のうちに棚へ戻します。ﾄﾞﾘﾙは台帳に記入します。"),
    ],
    "คู่มือโรงฝึกงาน": [
        (("การเดินทาง",), "ค่าเดินทางจะคืนให้ภายในสิบวันทำการ โปรดเก็บใบเสร็จไว้"),
        ((), "เครื่องมือที่ยืมไปต้องนำกลับมาวางบนชั้นก่อนห้าโมงเย็น"),
    ],
}

QUESTIONS = (
    "When are travelling costs refunded?",
    "borrowed drills",
    "generous trains, generally: the the TRAIN",
    "¿Cuándo se reembolsan los gastos de viaje?",
    "Em quantos dias é o reembolso das despesas de viagem?",
    "Когда вернут расходы на поездку?",
    "елочный рынок",
    "V koliko dneh se povrnejo potni stroški?",
    "Wann werden die REISEKOSTEN erstattet? Strassenschuhe?",
    "Πότε επιστρέφονται τα έξοδα του ταξιδιού;",
    "متى تدفع نفقات المسافر؟",
    "यात्रा का खर्च कब लौटाया जाएगा?",
    "出差费用什么时候报销？",
    "出張費用 ドリル Room",
    "ค่าเดินทางคืนเมื่อไร",
    "handbook Werkstattbuch 工房",
    "of the and",
    "?",
)

TEXTS = (
    *(passages[0][1] for passages in DOCUMENTS.values()),
    "Ⅻ ﬁne ﬂags, naïve ŒUVRE, Łódź, þorn, straße and STRASSE; İstanbul ıspanak ΟΔΟΣ ᾳ Ꭰꭰ x² ½",
    "Хозяйка клюй мой новый чай: пойте, двойной эйфель, выйди, июньские",
    "tool-box's e-mail: a_b 3.14 1,000 №5 C++ don’t",
    "ab日本語cd 漢 한국어 𠀀𠀁𠀂 mixed汉字words",
    "",
    " \t_\u0000—",
)


def passages() -> list[Passage]:
    """All of them, in the order of the file."""
    return [
        Passage(Document(title, title), ordinal, text, headings)
        for title, each in DOCUMENTS.items()
        for ordinal, (headings, text) in enumerate(each)
    ]


def make() -> dict[str, Any]:
    """The content of the file."""
    everything = passages()
    index = MemoryIndex()
    for document in dict.fromkeys(passage.document for passage in everything):
        index.put(document, [passage for passage in everything if passage.document == document])
    numbers = {passage.id: n for n, passage in enumerate(everything)}
    return {
        "passages": [{"title": p.document.title, "headings": [*p.headings], "text": p.text} for p in everything],
        "terms": [
            {"text": text, "words": [*terms.words], "grams": [*terms.grams], "units": [*terms.units]}
            for text, terms in ((text, analyse(text)) for text in TEXTS)
        ],
        "rankings": [
            {
                "question": question,
                "best": [[numbers[hit.passage.id], hit.score] for hit in index.search(_terms(question), limit=8)],
            }
            for question in QUESTIONS
        ],
    }


def _terms(question: str) -> dict[str, float]:
    """Its words and grams, as the lab weighs them: no word more than another."""
    terms = analyse(question)
    return dict.fromkeys(terms.words, 1.0) | dict.fromkeys(terms.grams, GRAM_WEIGHT)


def compare(found: list[Any], wanted: list[Any]) -> None:
    """Asserts that rankings are the same: the order exactly, the scores but for rounding."""
    for one, other in zip(found, wanted, strict=True):
        assert one["question"] == other["question"]
        assert [n for n, _ in one["best"]] == [n for n, _ in other["best"]], one["question"]
        assert [score for _, score in one["best"]] == pytest.approx([score for _, score in other["best"]], rel=1e-9)


if __name__ == "__main__":
    text = json.dumps(make(), ensure_ascii=False, indent=0)
    FILE.write_text(text + "\n", encoding="utf-8", newline="\n")
