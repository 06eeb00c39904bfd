"""The real thing for browser tests: ``reach180 demo`` as a user starts it, and headless Chromium in front of it."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e.chromium import find_chromium

START_TIMEOUT_S = 60.0
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]


@dataclass(frozen=True)
class Demo:
    """A running demo: where it is, and the password it printed."""

    address: str
    user: str
    password: str


@contextmanager
def running_demo(data: Path, *, speed: float = 10.0) -> Iterator[Demo]:
    """``reach180 demo`` on a free port; its terminal is read for address and password. Its log is in ``data``."""
    with _running(data, "demo", "--speed", str(speed), "--data", str(data)) as demo:
        yield demo


@contextmanager
def watching(data: Path, *arguments: str) -> Iterator[Demo]:
    """``reach180 watch`` in the same way; its log is in ``data``."""
    with _running(data, "watch", *arguments) as demo:
        yield demo


@contextmanager
def _running(data: Path, *command: str) -> Iterator[Demo]:
    words = [sys.executable, "-m", "api.cli", *command, "--port", "0"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=(data / "demo.log").open("w"), text=True)
    try:
        yield _read_welcome(process)
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _read_welcome(process: "subprocess.Popen[str]") -> Demo:
    assert process.stdout is not None
    told, began_s = "", time.monotonic()
    while time.monotonic() - began_s < START_TIMEOUT_S:
        line = process.stdout.readline()
        told += line
        address = re.search(r"command room\s+(http://\S+)", told)
        user = re.search(r"user\s+(\S+)", told)
        password = re.search(r"password\s+(\S+)", told)
        if address and user and password:
            return Demo(address.group(1).removesuffix("replay"), user.group(1), password.group(1))
        if not line and process.poll() is not None:
            break
    raise AssertionError(f"the demo did not start: {told}")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless Chromium that renders maps in software."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


def log_in(page: Page, demo: Demo, path: str = "/") -> None:
    """From the login form to a map that has drawn."""
    page.goto(demo.address.rstrip("/") + path)
    page.get_by_test_id("login-username").fill(demo.user)
    page.get_by_test_id("login-password").fill(demo.password)
    page.get_by_test_id("login-submit").click()
    deadline_s = time.monotonic() + 60.0
    while not page.evaluate(
        "Boolean(window.reach180 && window.reach180.ready)"
    ):  # the page's CSP forbids wait_for_function
        assert time.monotonic() < deadline_s, "the map has not drawn"
        page.wait_for_timeout(100)


def click_map(page: Page, longitude_deg: float, latitude_deg: float) -> None:
    """Click the place on the map, as an operator would."""
    point = page.evaluate(
        "([lon, lat]) => { const p = window.reach180.map.project([lon, lat]); return [p.x, p.y] }",
        [longitude_deg, latitude_deg],
    )
    page.get_by_test_id("map").click(position={"x": point[0], "y": point[1]})
