"""The lab's page with a model inside the browser, alone and beside the server's: both real runtimes, tiny weights."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.lab_page import PHI, PHI_SAYS, Visit, visit_lab
from tests.lab_parts import lab_runtime
from tests.runtime.tiny_browser_models import write_browser_model
from tests.runtime.tiny_models import TinyModel, words
from tests.serving import App, running

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
__all__ = ["lab_runtime", "visit_lab"]

TINY = TinyModel("tiny", "tiny", words("A walrus weighs 900 kilograms [1]."))
OFFERED, SAYS = "In this browser: tiny", "tiny in this browser"


@pytest.fixture
def both_app(lab_runtime: Path, models: Path, tmp_path: Path) -> Iterator[App]:
    """The app with Foundry Local's models and one for browsers."""
    write_browser_model(tmp_path / "models", "tiny", TINY)
    shutil.copytree(lab_runtime / "lab", tmp_path / "data" / "lab")
    with running(tmp_path, cache=models, LAB_MODELS_DIR=str(tmp_path / "models")) as app:
        yield app


@pytest.fixture(scope="module")
def walrus_app(lab_runtime: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The app with a tiny model for browsers, and one that no browser runs."""
    root = tmp_path_factory.mktemp("walrus")
    models = root / "models"
    write_browser_model(models, "org/tiny", TINY)
    write_browser_model(models, "org/odd", TINY, ["fp32"])
    (models / "org" / "odd" / "onnx" / "model.onnx").rename(models / "org" / "odd" / "onnx" / "model_fp16.onnx")
    shutil.copytree(lab_runtime / "lab", root / "data" / "lab")
    with running(root, RUNTIME="off", LAB_MODELS_DIR=str(models)) as app:
        yield app


async def test_a_model_in_the_browser_answers_is_kept_and_is_deleted(visit_lab: Visit, walrus_app: App) -> None:
    lab = await visit_lab(walrus_app)
    await expect(lab.hints).to_contain_text("Models in this browser run without it.")
    await expect(lab.hints).to_contain_text("so the model runs on the processor (WebAssembly")
    await expect(lab.first).to_have_value("browser:org/tiny")
    await expect(lab.page.locator("#reference-way")).to_have_text("Reference text stays in this browser.")
    line = lab.page.locator("#first-line")
    await expect(line).to_contain_text("WebAssembly on the processor")
    await expect(line).to_contain_text("from this server.")
    await lab.page.get_by_text("Models that cannot run here").click()
    await expect(lab.page.locator("#cannot-list")).to_contain_text("In this browser: odd. This model comes as fp16")

    await lab.ask("How heavy is a walrus?", reference="# Walrus\n\nA walrus weighs 900 kilograms.")
    await expect(lab.text(SAYS)).to_have_text("A walrus weighs 900 kilograms [1].")
    await lab.text(SAYS).get_by_role("button").click()
    await expect(lab.page.get_by_role("dialog")).to_contain_text("A walrus weighs 900 kilograms.")
    await lab.page.keyboard.press("Escape")
    await expect(line).to_contain_text("In this browser's cache.")
    await lab.ask("Again?")

    await lab.open()
    cache = lab.page.get_by_role("region", name="Kept in this browser")
    await expect(cache).to_contain_text("MB for the runtime and tiny.")
    await lab.ask("And now?")
    starts = [(each["start"], each["device"], each["ended"]) for each in await lab.kept()]
    assert starts == [("cold", "wasm", "stop"), ("warm", "wasm", "stop"), ("warm", "wasm", "stop")]
    await expect(lab.medians).to_contain_text("1 of 3 cold")
    await lab.picture("lab-browser-model")

    await cache.get_by_role("button", name="Delete").click()
    await expect(cache).to_contain_text("This browser keeps no model any more.")
    await expect(line).to_contain_text("from this server.")


async def test_the_browsers_model_and_the_servers_answer_one_prompt(visit_lab: Visit, both_app: App) -> None:
    lab = await visit_lab(both_app)
    await lab.choose(OFFERED, PHI)
    await expect(lab.page.locator("#reference-way")).to_contain_text("go to this server")
    await lab.ask("How heavy is a walrus?", reference="# Walrus\n\nA walrus weighs 900 kilograms.")
    await expect(lab.text(SAYS)).to_have_text("A walrus weighs 900 kilograms [1].")
    await expect(lab.text(PHI_SAYS)).to_contain_text("Only ProcessInfo leaves it [1]")
    for label in (SAYS, PHI_SAYS):
        await expect(lab.text(label).get_by_role("button", name=re.compile("^Passage 1: "))).to_have_count(1)
    kept = sorted(await lab.kept(), key=lambda each: each["place"])
    assert [(each["place"], each["model"], each["together"], each["passages"]) for each in kept] == [
        ("browser", "tiny", True, 1),
        ("server", "phi-4-mini", True, 1),
    ]
    await expect(lab.bars).to_have_count(2)
    await lab.picture("lab-browser-and-server")
