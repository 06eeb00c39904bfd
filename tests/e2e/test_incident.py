"""An operator clicks an incident onto the map and watches the drone arrive and the clocks fill."""

import re
import sqlite3
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.chromium import find_chromium
from tests.e2e.room import chromium, click_map, log_in, running_demo

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_chromium() is None, reason="there is no Chromium (make browser)"),
    pytest.mark.xdist_group("browser"),
]

CLOCKS = ("reported", "decided", "launched", "on_scene", "cleared", "returned")
FILLED = re.compile(r"\d")


def test_click_to_return(tmp_path: Path) -> None:
    with running_demo(tmp_path, speed=10.0) as demo, chromium() as browser:
        page = browser.new_page(viewport={"width": 1366, "height": 768}, locale="en-GB")
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        log_in(page, demo)
        click_map(page, 120.955, 31.392)
        expect(page.get_by_test_id("incident-form")).to_be_visible()
        page.get_by_test_id("type-crime").click()
        page.get_by_test_id("dispatch").click()
        incident = page.locator('[data-testid^="incident-I-"]').first
        expect(incident).to_be_visible(timeout=10_000)
        incident.click()
        for clock in CLOCKS[:4]:
            expect(page.get_by_test_id(f"clock-{clock}")).to_have_text(FILLED, timeout=60_000)
        expect(page.locator('[data-testid^="decision-option-"]').first).to_be_visible()
        page.get_by_test_id("release").click()
        for clock in CLOCKS[4:]:
            expect(page.get_by_test_id(f"clock-{clock}")).to_have_text(FILLED, timeout=90_000)
        assert not errors
        with sqlite3.connect(tmp_path / "reach180.db") as database:
            row = database.execute(
                "SELECT status, reported_at_s, decided_at_s, launched_at_s, on_scene_at_s, cleared_at_s, returned_at_s "
                "FROM incidents"
            ).fetchone()
        assert row[0] == "closed"
        assert list(row[1:]) == sorted(row[1:])
