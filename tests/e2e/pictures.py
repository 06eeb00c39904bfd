"""The pictures of the docs, made by the program itself: ``python -m tests.e2e.pictures [NAME ...]``."""

import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from playwright.sync_api import Page, expect

from api.simulating.run import run
from api.simulating.study import Study
from tests.e2e.drill import begin, open_drills
from tests.e2e.planner import draw_area, open_planner, plan, simulate
from tests.e2e.room import Demo, chromium, click_map, log_in, running_demo, watching

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"


def incident_under_way(page: Page, demo: Demo, target: Path) -> None:
    """A fire beyond a geozone: the drone on its way round it, the decision with its reasons."""
    log_in(page, demo)
    for place, kind in (((120.9405, 31.3850), "crash"), ((120.9905, 31.3905), "fire")):
        click_map(page, *place)
        expect(page.get_by_test_id("incident-form")).to_be_visible()
        page.get_by_test_id(f"type-{kind}").click()
        page.get_by_test_id("dispatch").click()
        expect(page.get_by_test_id("incident-form")).to_be_hidden()
    page.locator('[data-testid^="incident-I-"]').first.click()
    expect(page.get_by_test_id("clock-launched")).not_to_have_text("–", timeout=30_000)
    page.wait_for_timeout(6_000)
    page.screenshot(path=target)


def two_layouts(page: Page, demo: Demo, target: Path) -> None:
    """Two plans for one area beside each other: two more bases, and four."""
    page.set_viewport_size({"width": 1440, "height": 1040})
    open_planner(page, demo)
    draw_area(page)
    for p in (2, 4):
        plan(page, f"20 + {p}", p=p, frontier_to=8, grid_m=3000)
    page.wait_for_timeout(2_000)
    page.screenshot(path=target)


def compared(page: Page, demo: Demo, target: Path) -> None:
    """A plan beside the city as it is, with four times its calls."""
    page.set_viewport_size({"width": 1440, "height": 1040})
    open_planner(page, demo)
    job = plan(page, "20 + 4", p=4, grid_m=3000)
    simulate(page, "20 + 4 lived in", plans=[job], growth="4", days="3", replications="5", warm_up_h="12")
    page.get_by_test_id("field-city").scroll_into_view_if_needed()
    page.screenshot(path=target)


def drill_under_way(page: Page, demo: Demo, target: Path) -> None:
    """The market fire, after its message."""
    log_in(page, demo)
    open_drills(page)
    begin(page, "market-fire")
    expect(page.get_by_test_id("inject-hydrant")).to_be_visible(timeout=180_000)
    page.evaluate("window.reach180.map.jumpTo({ center: [120.9520, 31.3900], zoom: 13.2 })")
    page.wait_for_timeout(8_000)  # until the word of it is gone
    page.screenshot(path=target)


def late_incident(page: Page, demo: Demo, target: Path) -> None:
    """A busy evening of a recorded run: the next late incident, its drone on the way."""
    log_in(page, demo, "/replay")
    page.get_by_test_id("jump").fill("2026-01-05T18:00:00")
    page.get_by_test_id("next-late").click()
    expect(page.get_by_test_id("run-incident")).to_be_visible()
    page.keyboard.press("Space")
    page.wait_for_timeout(3_000)
    page.screenshot(path=target)


def a_demo(data: Path) -> AbstractContextManager[Demo]:
    """The demo, five times as fast as the wall."""
    return running_demo(data, speed=5.0)


@contextmanager
def a_recorded_day(data: Path) -> Iterator[Demo]:
    """A day of Kunshan with six times its invented calls, simulated and watched."""
    folder = data / "simulation"
    run(Study(plans=("kunshan",), replications=1, days=1, cell_m=1000, growth=6), record=folder)
    with watching(data, str(folder)) as demo:
        yield demo


VIEWS: dict[str, tuple[Callable[[Path], AbstractContextManager[Demo]], Callable[[Page, Demo, Path], None]]] = {
    "command-room": (a_demo, incident_under_way),
    "planner": (a_demo, two_layouts),
    "planner-simulation": (a_demo, compared),
    "replay": (a_recorded_day, late_incident),
    "drill": (a_demo, drill_under_way),
}


def main(wanted: Sequence[str]) -> int:
    """Make those of these names, or all."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    made = [
        (start, draw, language, f"{name}{suffix}.png")
        for name, (start, draw) in VIEWS.items()
        for language, suffix in (("en-GB", ""), ("zh-CN", "-zh"))
        if not wanted or name in wanted
    ]
    for start, draw, language, name in made:
        with tempfile.TemporaryDirectory() as data, start(Path(data)) as demo, chromium() as browser:
            page = browser.new_page(viewport={"width": 1440, "height": 810}, locale=language)
            draw(page, demo, PICTURES / name)
            print(PICTURES / name)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
