"""A drill as a trainer runs it in the command room."""

from playwright.sync_api import Locator, Page, expect


def open_drills(page: Page) -> None:
    """The list of drills, by its key."""
    page.keyboard.press("d")
    expect(page.get_by_test_id("drill-market-fire")).to_be_visible()


def begin(page: Page, name: str) -> Locator:
    """Begin a drill in this room; what is shown of it."""
    page.get_by_test_id(f"drill-{name}").get_by_test_id("drill-begin").click()
    page.get_by_test_id("confirm-yes").click()
    played = page.get_by_test_id("drill-played")
    expect(played).to_have_attribute("data-state", "running", timeout=30_000)
    return played
