"""The planner's page as a planner uses it."""

from collections.abc import Sequence

from playwright.sync_api import Locator, Page, expect

from tests.e2e.room import Demo, click_map, log_in

CORNERS = ((120.80, 31.30), (121.10, 31.30), (121.10, 31.48), (120.80, 31.48))


def open_planner(page: Page, demo: Demo) -> None:
    """From the login form to the planner's map."""
    log_in(page, demo, "/planner")
    expect(page.get_by_test_id("plan-form")).to_be_visible()


def draw_area(page: Page) -> None:
    """A rectangle, corner by corner."""
    page.get_by_test_id("draw-area").click()
    for corner in CORNERS:
        click_map(page, *corner)
    page.get_by_test_id("draw-done").click()


def plan(page: Page, name: str, *, p: int, frontier_to: int | None = None, grid_m: int = 4000) -> str:
    """Ask for a plan and wait for its layout; the job's id."""
    for field, value in (("name", name), ("p", p), ("grid_m", grid_m), ("frontier_to", frontier_to or "")):
        page.get_by_test_id(f"field-{field}").fill(str(value))
    page.get_by_test_id("plan-start").click()
    job = page.locator('[data-testid^="job-J-"]').filter(has_text=name)
    expect(job.get_by_test_id("show-a")).to_have_attribute("aria-pressed", "true", timeout=180_000)
    expect(page.get_by_test_id("compare")).to_contain_text(f"A · {name}")
    return (job.get_attribute("data-testid") or "").removeprefix("job-")


def simulate(page: Page, name: str, *, plans: Sequence[str] = (), **fields: str) -> Locator:
    """Ask for a simulation of these plans beside the city as it is, and wait for what it came to."""
    page.get_by_test_id("ask-simulation").click()
    for job in plans:
        page.get_by_test_id(f"layout-{job}").check()
    for field, value in {"name": name, **fields}.items():
        page.get_by_test_id(f"field-{field}").fill(value)
    page.get_by_test_id("simulation-start").click()
    outcome = page.get_by_test_id("outcome")
    expect(outcome.get_by_test_id("promises")).to_be_visible(timeout=240_000)
    return outcome
