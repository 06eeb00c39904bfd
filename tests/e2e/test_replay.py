"""Somebody looks at a recorded run: moves the slider, sees an incident with its drone, plays, jumps to a late one."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from playwright.sync_api import Page, expect

from api.simulating.run import run
from api.simulating.study import Study
from tests.cities import write_city
from tests.e2e.chromium import find_chromium
from tests.e2e.room import chromium, log_in, watching

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_chromium() is None, reason="there is no Chromium (make browser)"),
    pytest.mark.xdist_group("browser"),
]


def shown_at_s(page: Page) -> float:
    """The instant that the slider stands at."""
    return float(page.get_by_test_id("slider").input_value())


def test_slide_play_jump(tmp_path: Path) -> None:
    city = write_city(tmp_path / "probe")
    study = Study(plans=(str(city),), replications=1, days=0.25, warm_up_s=3600, growth=25)
    (recorded,) = run(study, record=tmp_path / "simulation").recorded
    rows = [row for row in pq.read_table(recorded).to_pylist() if row["fate"] == "served" and row["reliefs"] == 0]
    one = next(row for row in rows[len(rows) // 2 :] if row["launched_s"] > row["decided_s"] == 0.0)

    with watching(tmp_path, str(tmp_path / "simulation"), "--city", str(city)) as demo, chromium() as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 900}, locale="en-GB", timezone_id="America/Denver")
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        log_in(page, demo, "/replay")  # the only run there is opens by itself
        slider, pin = page.get_by_test_id("slider"), page.get_by_test_id(f"pin-I-{one['call']}")
        drone = page.get_by_role("button", name=f"{one['drone']}, ")
        expect(page.get_by_test_id("run-so-far")).to_have_text("0")

        slider.fill(str(round(one["at_s"] + one["on_scene_s"] - 1)))
        expect(pin).to_be_visible()
        page.get_by_test_id(f"incident-I-{one['call']}").click()
        detail = page.get_by_test_id("run-incident")
        expect(detail).to_have_attribute("data-incident", f"I-{one['call']}")
        expect(page.get_by_test_id("incident-status")).to_have_attribute("data-status", "assigned")
        expect(page.get_by_test_id("incident-drone")).to_have_text(one["drone"])
        expect(page.get_by_test_id("clock-on_scene")).to_have_text("–")
        expect(drone).to_have_class("drone-pin is-out")
        slider.fill(str(round(one["at_s"] + one["on_scene_s"] + 2)))
        expect(page.get_by_test_id("incident-status")).to_have_attribute("data-status", "on_scene")
        expect(page.get_by_test_id("clock-on_scene")).not_to_have_text("–")
        expect(drone).to_have_class("drone-pin is-scene is-still")
        expect(page.get_by_test_id("run-free")).not_to_have_text("5")

        page.get_by_test_id("rate-600").click()
        before_s = shown_at_s(page)
        page.keyboard.press("Space")
        expect(page.get_by_test_id("play")).to_have_attribute("aria-pressed", "true")
        page.wait_for_timeout(1_000)
        page.keyboard.press("Space")
        expect(page.get_by_test_id("play")).to_have_attribute("aria-pressed", "false")
        after_s = shown_at_s(page)
        assert after_s > before_s + 60
        page.keyboard.press("ArrowRight")
        assert shown_at_s(page) == pytest.approx(after_s + 10, abs=1)

        slider.fill(slider.get_attribute("min") or "")
        page.get_by_test_id("jump").fill("2026-01-05T02:00:00")  # in the city's time, wherever the browser is
        assert shown_at_s(page) == 1_767_574_800.0
        expect(page.get_by_test_id("run-clock")).to_have_text("2026-01-05 02:00:00")

        page.get_by_test_id("next-late").click()
        expect(page.locator(".toast, .verdict.is-late").first).to_be_visible()  # none, or one that is
        page.get_by_test_id("language").click()
        expect(page.get_by_test_id("next-late")).to_contain_text("下一超时")
        assert not errors
