"""The lab's record of runs: chart, table, files, and what lies in the browser's storage."""

import csv
import io
import json

import pytest
from playwright.async_api import expect

from tests.browser.lab_page import PHI, Visit, run, visit_lab
from tests.serving import App

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
__all__ = ["visit_lab"]


async def test_the_chart_shows_each_run_and_narrows_to_a_model_and_a_start(visit_lab: Visit, app: App) -> None:
    runs = [
        run(1),
        run(2, start="cold", load_ms=2000, total_ms=4000),
        run(3, total_ms=1000, generate_ms=800, tokens_per_s=112.5, together=True),
        run(4, model="gpt-oss-20b", ended="stopped", tokens=None, tokens_per_s=None),
        run(5, model="org/tiny", place="browser", device="webgpu", precision="q4f16"),
    ]
    lab = await visit_lab(app, runs=runs)
    named = ["tiny", "gpt-oss-20b", *["phi-4-mini"] * 3]
    await expect(lab.bars.locator(".name")).to_have_text(named)
    await expect(lab.bars.locator(".value")).to_have_text(
        ["50.0 tokens/s", "stopped", "112.5 tokens/s", "50.0 tokens/s", "50.0 tokens/s"]
    )
    widths = (
        await lab.bars.nth(3).locator(".bar").evaluate_all("bars => bars.map(b => b.getBoundingClientRect().width)")
    )
    assert [width / sum(widths) for width in widths] == pytest.approx([0.5, 0.005, 0.045, 0.45], abs=0.002)
    await expect(lab.medians).to_have_count(1)
    await expect(lab.medians).to_contain_text("Median of 3phi-4-mini")
    await expect(lab.medians).to_contain_text("1 of 3 cold1 of 3 yes")

    await lab.bars.nth(3).hover()
    for value in ("cold start", "Load2.00 s", "Prompt20 ms", "First token180 ms", "Generate1.80 s", "Total4.00 s"):
        await expect(lab.tooltip).to_contain_text(value)
    await lab.page.get_by_role("heading", name="Latency").hover()
    await expect(lab.tooltip).to_be_hidden()
    await lab.bars.first.focus()
    await lab.page.keyboard.press("ArrowDown")
    await lab.page.keyboard.press("ArrowDown")
    await expect(lab.bars.nth(2)).to_be_focused()
    await expect(lab.tooltip).to_contain_text("warm start, ran beside another model")
    await lab.picture("lab-chart")
    await lab.page.keyboard.press("End")
    await expect(lab.bars.last).to_have_accessible_name(
        "phi-4-mini: server, warm start, total 2.00 s, Load 0 ms, Prompt 20 ms, First token 180 ms, Generate 1.80 s, "
        "50.0 tokens/s, 2 passages."
    )

    model, start = lab.page.locator("#filter-model"), lab.page.locator("#filter-start")
    await expect(model.locator("option")).to_have_text(
        ["All models", "gpt-oss-20b (server)", "phi-4-mini (server)", "tiny (browser)"]
    )
    await model.select_option(label="phi-4-mini (server)")
    await expect(lab.bars).to_have_count(3)
    await start.select_option(label="Cold")
    await expect(lab.bars).to_have_count(1)
    await expect(lab.rows).to_have_count(1)
    await expect(lab.page.locator("#how-many")).to_have_text("1 of 5 runs.")
    await model.select_option(label="tiny (browser)")
    await expect(lab.page.locator("#none-fits")).to_have_text("No run fits these filters.")


async def test_runs_leave_as_csv_and_json_and_are_cleared_on_request(visit_lab: Visit, app: App) -> None:
    runs = [run(n) for n in range(40)] + [run(50, model='=HYPERLINK("x"),\n1', tokens=None, tokens_per_s=None)]
    lab = await visit_lab(app, runs=runs)
    await expect(lab.bars).to_have_count(30)
    await lab.page.get_by_role("button", name="Show all 41").click()
    await expect(lab.bars).to_have_count(41)

    text = await lab.export("Export CSV")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["at"] for row in rows] == [each["at"] for each in reversed(runs)]
    assert rows[0]["model"] == '\'=HYPERLINK("x"),\n1'
    assert (rows[0]["tokens"], rows[1]["tokens"], rows[1]["generate_ms"]) == ("", "91", "1800")
    given = json.loads(await lab.export("Export JSON"))
    assert [set(each) for each in given] == [set(rows[0])] * 41
    assert given[1] == {name: value for name, value in runs[39].items() if name != "id"}

    clear = lab.page.get_by_role("button", name="Clear the runs")
    await clear.click()
    await expect(lab.page.get_by_role("dialog")).to_contain_text("41 runs will be forgotten")
    await lab.page.keyboard.press("Escape")
    await expect(lab.bars).to_have_count(41)
    await expect(clear).to_be_focused()
    await clear.click()
    await lab.page.get_by_role("button", name="Clear", exact=True).click()
    await expect(lab.bars).to_have_count(0)
    assert await lab.kept() == []
    await expect(lab.page.locator("#no-runs")).to_be_visible()


async def test_a_full_storage_loses_nothing_that_is_shown(visit_lab: Visit, app: App) -> None:
    runs = [run(n) for n in range(200)]
    lab = await visit_lab(app, runs=[*runs, {"id": 1}, None, run(300, total_ms="<b>")])
    await lab.page.evaluate(
        "() => { Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); }; }"
    )
    await lab.choose(PHI)
    await lab.ask("Hello")
    await expect(lab.page.locator("#how-many")).to_have_text("The latest 30 of 200 runs.")
    await expect(lab.rows.first).to_contain_text("phi-4-mini")
    assert len(await lab.kept()) == 203
