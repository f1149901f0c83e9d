"""A question in other words than the documents', from the folder on the disk to the answer."""

from pathlib import Path

from rag.events import Finished
from rag.generation.chat_model import ModelSet
from rag.generation.extractive import ExtractiveModel
from rag.intent.contents import Contents
from rag.services import Services
from rag.settings import Settings
from rag.turn.answer import answer
from rag.types import Turn
from tests.fakes import FakeModel

FERRY = (
    "# The ferry\n\nThe ferry to the island leaves at noon from the northern harbour. A ticket costs nine euros, and "
    "children travel for half of that. It does not run in a storm.\n"
)
OFICINA = (
    "# La oficina\n\nLa oficina abre a las nueve de la mañana. Los visitantes llaman al timbre de la puerta y esperan "
    "allí al portero, que los acompaña hasta la recepción.\n"
)


async def test_a_russian_question_is_answered_from_an_english_page(tmp_path: Path) -> None:
    folder = tmp_path / "handbook"
    folder.mkdir()
    for n, text in enumerate((FERRY, FERRY.replace("ferry", "bus"), OFICINA)):
        (folder / f"{n}.md").write_text(text, encoding="utf-8")
    settings = Settings(_env_file=None, library_dirs=(str(folder),), data_dir=tmp_path / "data", runtime="off")  # type: ignore[call-arg]
    services = Services(settings)
    try:
        assert await services.library_manager.ready(60)
        assert services.languages() == ["en", "es"]
        assert services.languages({"handbook"}) == []
        idle = FakeModel().enqueue(
            "English: ferry, island, leaves, time, noon\nSpanish: transbordador, isla, salida, hora"
        )
        turns: list[Turn] = []
        events = answer(
            "Когда отходит паром на остров?",
            searcher=services.searcher(),
            models=ModelSet(ExtractiveModel(), idle=idle),
            contents=Contents(services.catalogue, services.documents_in, services.languages),
        )
        turns = [event.turn async for event in events if isinstance(event, Finished)]
    finally:
        await services.close()
    (turn,) = turns
    assert "one line in English and one in Spanish and one in the language" in idle.prompts[0].messages[0]["content"]
    assert turn.outcome == "quoted"
    assert turn.search.question == "ferry island leaves time noon"
    assert "The ferry to the island leaves at noon" in turn.answer
