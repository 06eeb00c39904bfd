"""Which Chromium the browser tests drive: REACH180_CHROMIUM, one on the path, or Playwright's own."""

import os
import shutil
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_chromium() -> str | None:
    """The path of an executable, or None."""
    named = os.environ.get("REACH180_CHROMIUM")
    if named:
        return named
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return found
    try:
        from playwright.sync_api import sync_playwright

        with sync_playwright() as playwright:
            own = playwright.chromium.executable_path
    except Exception:  # whatever Playwright lacks: there is none then
        return None
    return own if Path(own).exists() else None


if __name__ == "__main__":
    chromium = find_chromium()
    print(f"    Chromium: {chromium or 'none yet'}")
    sys.exit(chromium is None)
