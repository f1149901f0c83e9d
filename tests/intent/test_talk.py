"""Talk is recognised in seven languages, and no question for the documents is taken for it."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.intent.talk import THRESHOLD, Talk, TalkKind, classify_talk
from rag.intent.talk_model import TalkModel, shipped_talk_model
from tests import REPOSITORY

TALK: dict[TalkKind, str] = {
    "greeting": """
        hi | hello! | Hey there | hiiii | HELLO | good morning | hello my friend | 👋 | hola | holaa | ¡Buenos días!
        olá | oi | bom dia | boa tarde | привет | Здравствуйте! | добрый день | živjo | zivjo | zdravo | dober dan
        hallo | Moin | guten Tag | bonjour | salut
    """,
    "thanks": """
        thanks! | thx | ty | thank you so much | great, thank you | gracias | muchas gracias | obrigado! | valeu
        спасибо | большое спасибо | spasibo | hvala | najlepša hvala | danke dir | vielen Dank | merci beaucoup | 🙏
    """,
    "goodbye": """
        bye | see you later | good night | adiós | hasta luego | tchau | até amanhã | пока | до свидания | adijo
        nasvidenje | lahko noč | tschüss | auf Wiedersehen | au revoir | à bientôt
    """,
    "identity": """
        who are you | what are you? | what's your name | whats your name | are you a bot | who made you
        tell me a joke | how old are you | do you have any pets | ¿quién eres? | quem é você? | кто ты
        как тебя зовут? | kdo si? | kako ti je ime | wer bist du | wie heißt du? | qui es-tu ?
        comment tu t'appelles
    """,
    "capabilities": """
        what can you do? | help | can you help me? | what can I ask you | how can you help me | qué puedes hacer
        ayuda | o que você pode fazer? | ajuda | что ты умеешь? | помоги | kaj znaš? | pomoč | was kannst du?
        Hilfe! | que peux-tu faire ? | aide-moi
    """,
    "wellbeing": """
        how are you? | how's it going | hi, how are you? | ¿cómo estás? | hola, ¿qué tal? | tudo bem?
        olá, tudo bem? | как дела? | kako si? | kako ste | wie geht's? | wie geht es dir | ça va ?
        comment allez-vous ?
    """,
    "acknowledgement": """
        ok | great! | perfect | cool | sorry | no worries | got it | 👍 | vale | lo siento | beleza | desculpa
        хорошо | понятно | извините | v redu | super | oprosti | alles klar | kein Problem | d'accord | désolé
    """,
}
QUESTIONS = """
hello world program | what can you do about overheating | who are the authors | thanks to whom was it built?
how are you supposed to reset it | hi-fi settings | Good Morning America revenue | help with the VPN
what can groundwork do | what is groundwork | hi, what is the maximum file size?
Hello! Which documents mention parental leave? | thanks, and who signed it?
good morning, when does the cafeteria open | ok, what about the second invoice? | sorry, I meant the warranty period
thank you letter for a customer | greeting cards budget 2023 | What is the total? | who was the cashier | VIN?
and the colour | summarise this | tl;dr | give me the key points | translate it | Which documents do you have?
how many are there | compare phi-4-mini and gpt-oss-20b | does it work offline
is my boss able to read my questions? | password | invoice 4711 | who do you call when the server is down
how old must a candidate be | can you help me reset my password | what is RAG | why?
Hola, ¿cuál es el tamaño máximo de un archivo? | ¿quiénes son los autores? | gracias a quién se construyó el puente
oi, quanto custa a licença? | quem são os autores do relatório | Quais dados saem da minha máquina?
привет, какой максимальный размер файла? | Что такое эскалация? | кто подписал договор | сколько дней отпуска
živjo, koliko dni dopusta imam na leto? | Kateri podatki zapustijo moj računalnik? | kdo so avtorji poročila
Hallo, wie lange ist die Kündigungsfrist? | wer hat den Vertrag unterschrieben
wie geht es nach der Kündigung weiter | bonjour, quel est le délai de livraison ? | qui a signé le contrat | 你好
什么是检索 | γεια σου κόσμε | ? | ... | 42
"""


def listed(text: str) -> list[str]:
    return [phrase.strip() for phrase in re.split(r"[|\n]", text) if phrase.strip()]


@pytest.mark.parametrize("kind", TALK)
def test_talk_of_each_kind_is_recognised_in_seven_languages(kind: TalkKind):
    found = {phrase: classify_talk(phrase) for phrase in listed(TALK[kind])}
    assert {phrase: talk for phrase, talk in found.items() if not talk or talk.kind != kind} == {}


def test_what_looks_like_talk_and_asks_something_goes_to_the_documents():
    assert {question for question in listed(QUESTIONS) if classify_talk(question)} == set()


def test_no_question_of_the_shipped_set_is_talk():
    lines = (REPOSITORY / "evaluation" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line)["question"] for line in lines]
    assert [question for question in questions if classify_talk(question)] == []


@pytest.mark.parametrize(
    ("question", "language"),
    [
        *(
            ("hello", "en"),
            ("hola, ¿qué tal?", "es"),
            ("bom dia", "pt"),
            ("спасибо", "ru"),
            ("živjo", "sl"),
            ("👍", ""),
        ),
        *(("guten Morgen", "de"), ("merci beaucoup", "fr")),
    ],
)
def test_talk_has_the_language_that_it_is_in(question: str, language: str):
    talk = classify_talk(question)
    assert talk
    assert talk.language == language


@pytest.mark.parametrize(
    "question", ["", "   ", "\x00\x1b[31m", "hi " * 40, "a" * 100_000, "\u202ehi\u202c " * 60, "\ud800"]
)
def test_empty_long_and_hostile_input_is_no_talk(question: str):
    assert classify_talk(question) is None


@pytest.mark.parametrize(
    "question", ["Where does Hamas originate?", "Hey, who is Maria Vrisovci?", "¿Quién es Vrisovci hoy?"]
)
def test_a_question_with_a_name_is_no_talk(question: str):
    assert classify_talk(question) is None


@pytest.mark.parametrize(
    "question", ["Thanks Anna!", "Hast du eigentlich Haustiere?", "Hello Groundwork", "kdo si ti sploh človek"]
)
def test_capitals_alone_make_no_question(question: str):
    assert classify_talk(question)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=80))
def test_any_text_gives_a_talk_with_a_probability_or_none(text: str):
    talk = classify_talk(text)
    assert talk is None or (isinstance(talk, Talk) and THRESHOLD <= talk.probability <= 1)


@pytest.mark.parametrize(
    "question", ["Which port does the server use?", "¿Quién aprobó el presupuesto?", "Wann endet die Frist?"]
)
@pytest.mark.parametrize("greeting", ["hi", "Hello!", "Good morning,", "thanks!", "hola,", "danke,", "ok"])
def test_a_greeting_before_a_question_changes_nothing(greeting: str, question: str):
    assert classify_talk(f"{greeting} {question}") is None


def test_the_model_survives_its_file_and_says_where_it_comes_from():
    model = shipped_talk_model()
    again = TalkModel.of_json(model.to_json())
    assert (again.weights == model.weights).all()
    assert again(["hi"]) == pytest.approx(model(["hi"]))
    assert "CC BY 3.0" in str(model.fit["data"])


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"kinds": ["", "greeting"], "weights": "AAAA"}'])
def test_another_file_is_no_model(text: str):
    with pytest.raises(ValueError):  # noqa: PT011 - whatever the part that is missing
        TalkModel.of_json(text)
