"""A trainer begins a drill, sees its message where it is, ends it and reads the score; then one is played here."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.chromium import find_chromium
from tests.e2e.drill import begin, open_drills
from tests.e2e.room import chromium, log_in, running_demo

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_chromium() is None, reason="there is no Chromium (make browser)"),
    pytest.mark.xdist_group("browser"),
]


def test_begin_watch_end_and_play_here(tmp_path: Path) -> None:
    with running_demo(tmp_path, speed=20.0) as demo, chromium() as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 900}, locale="en-GB")
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        log_in(page, demo)
        open_drills(page)
        played = begin(page, "market-fire")
        expect(page.get_by_test_id("drill-incidents")).to_contain_text("market", timeout=60_000)
        expect(page.get_by_test_id("drill-incidents")).not_to_contain_text("helipad")  # it is still to come
        expect(page.get_by_test_id("drill-objectives").locator("li").first).to_contain_text("On scene within 180 s")
        message = page.get_by_test_id("inject-hydrant")
        expect(message).to_contain_text("canal quay", timeout=90_000)
        expect(message).to_contain_text("to be answered within")
        page.get_by_test_id("tab-task").click()
        page.get_by_test_id("inject-pin-hydrant").dispatch_event("click")  # a drone may stand over it
        expect(message).to_be_visible()

        page.get_by_test_id("drill-end").click()
        page.get_by_test_id("confirm-yes").click()
        expect(played).to_have_attribute("data-state", "over", timeout=60_000)
        expect(page.get_by_test_id("drill-verdict")).to_have_text("not passed")
        expect(page.get_by_test_id("inject-pin-hydrant")).to_be_hidden()
        with page.expect_download() as download:
            page.get_by_test_id("file-score.json").click()
        assert json.loads(Path(download.value.path()).read_text())["unfinished"] == "it was interrupted"

        page.get_by_test_id("language").click()
        page.get_by_test_id("drill-list").click()
        page.get_by_test_id("drill-market-fire").get_by_test_id("drill-here").click()
        page.get_by_test_id("drill-jobs").get_by_test_id("show-score").click(timeout=300_000)
        expect(page.get_by_test_id("drill-verdict")).to_have_text("通过")
        assert not errors
