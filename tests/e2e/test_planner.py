"""A planner draws an area, asks for two plans, compares their layouts and lives in one; wrong input is told."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.chromium import find_chromium
from tests.e2e.planner import draw_area, open_planner, plan, simulate
from tests.e2e.room import chromium, running_demo

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_chromium() is None, reason="there is no Chromium (make browser)"),
    pytest.mark.xdist_group("browser"),
]


def drawn_on_map(page: Page, source: str) -> int:
    """How many features a source of the map holds."""
    held: int = page.evaluate(
        "async (source) => (await window.reach180.map.getSource(source).getData()).features.length", source
    )
    return held


def test_draw_plan_compare(tmp_path: Path) -> None:
    with running_demo(tmp_path) as demo, chromium() as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 900}, locale="en-GB")
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        open_planner(page, demo)
        draw_area(page)
        expect(page.get_by_test_id("area-now")).to_have_text("drawn, 4 corners")

        page.get_by_test_id("field-p").fill("some")
        page.get_by_test_id("plan-start").click()
        expect(page.get_by_test_id("wrong-p")).to_contain_text("integer")  # the server's words, at the field
        expect(page.get_by_test_id("field-p")).to_have_attribute("aria-invalid", "true")

        first = plan(page, "two more", p=2, frontier_to=3)
        expect(page.get_by_test_id("wrong-p")).to_be_hidden()
        expect(page.get_by_test_id("compare")).to_contain_text("two more")
        expect(page.get_by_test_id("frontier-table").locator("tbody tr")).to_have_count(3)
        expect(page.get_by_test_id("frontier-plot")).to_be_visible()
        bases = page.get_by_test_id("bases-a").locator("tbody tr").count()
        assert drawn_on_map(page, "layout-a") == bases
        assert drawn_on_map(page, "layout-a-cover") == bases
        assert drawn_on_map(page, "layout-b") == 0

        second = plan(page, "four more", p=4)
        assert second != first
        expect(page.get_by_test_id("compare").locator("thead th")).to_have_count(2)
        expect(page.get_by_test_id("compare")).to_contain_text("B · two more")
        expect(page.get_by_test_id("common")).to_be_visible()
        assert drawn_on_map(page, "layout-b") == bases
        assert drawn_on_map(page, "layout-a") == bases + 2
        with page.expect_download() as download:
            page.get_by_test_id("file-layout.geojson").first.click()
        assert len(json.loads(Path(download.value.path()).read_text())["features"]) == bases + 2

        page.get_by_test_id("demand-file").check()
        calls = {"name": "calls.csv", "mimeType": "text/csv", "buffer": b"lon,lat\n120.95,31.39\n12,31.39\n"}
        page.get_by_test_id("file-demand").set_input_files(files=[calls])
        page.get_by_test_id("field-demand_datum").select_option("WGS-84")
        page.get_by_test_id("plan-start").click()
        expect(page.get_by_test_id("wrong-demand")).to_contain_text("calls.csv", timeout=180_000)

        page.get_by_test_id("ask-simulation").click()
        page.get_by_test_id("field-wind").fill("a breeze")
        page.get_by_test_id("simulation-start").click()
        expect(page.get_by_test_id("wrong-wind")).to_contain_text("6@300")
        expect(page.get_by_test_id("field-wind")).to_have_attribute("aria-invalid", "true")
        page.get_by_test_id("policy-nearest-able").uncheck()
        page.get_by_test_id("policy-coverage-preserving").check()
        page.get_by_test_id("dial-coverage-preserving").fill("8")
        quick = {"cell_m": "2000", "days": "0.5", "warm_up_h": "1", "replications": "2", "wind": "4@100"}
        outcome = simulate(page, "lived in", plans=[first], **quick)
        expect(outcome.get_by_test_id("verdict").first).to_have_text(re.compile("met|decidable"))
        heads = outcome.get_by_test_id("outcome-figures").locator("thead th")
        expect(heads).to_have_text(["kunshan, coverage-preserving:8", "two more, coverage-preserving:8"])
        expect(outcome.get_by_test_id("outcome-difference").locator("tbody tr").first).to_contain_text("[")
        with page.expect_download() as download:
            outcome.get_by_test_id("file-simulation.html").click()
        assert "<html" in Path(download.value.path()).read_text()
        expect(outcome.get_by_test_id("file-run-2.parquet")).to_be_visible()

        page.get_by_test_id("language").click()
        expect(page.get_by_test_id("simulation-start")).to_have_text("开始仿真")
        page.get_by_test_id("ask-plan").click()
        expect(page.get_by_test_id("plan-start")).to_have_text("开始规划")
        page.locator(f'[data-testid="job-{second}"]').get_by_test_id("job-delete").click()
        page.get_by_test_id("confirm-yes").click()
        expect(page.get_by_test_id(f"job-{second}")).to_be_hidden()
        assert not errors
