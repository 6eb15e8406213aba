"""A headless Chromium with a microphone of its own, and pages that may not complain."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

ROOT = Path(__file__).parents[2]
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    f"--use-file-for-fake-audio-capture={ROOT / 'samples' / 'scottish-man.wav'}",
)
REFUSED = re.compile(r"Failed to load resource: the server responded with a status of (\d+)")
UNREACHABLE = re.compile(r"Failed to load resource: net::ERR_FAILED")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser for the tests of one module.

    Not for the whole session: while it lives, an event loop runs, and asynchronous tests cannot.
    """
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, CHROMIUM_NAMES)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


class Pages:
    """Opens pages of one server and keeps what they complain of.

    Args:
        browser: The browser to open them in.
        server: The address of the server.
    """

    def __init__(self, browser: Browser, server: str) -> None:
        self.server = server
        self.expected_statuses: set[int] = set()
        self.unreachable_expected = False
        self.complaints: list[str] = []
        self._browser = browser
        self._contexts: list[BrowserContext] = []

    def open(
        self,
        *,
        language: str = "en-US",
        dark: bool = False,
        width: int = 1280,
        scripts: tuple[str, ...] = (),
        **options: Any,
    ) -> Page:
        """Open the page as a visitor with a browser of this kind sees it, loaded whole."""
        context = self._browser.new_context(
            viewport={"width": width, "height": 900},
            locale=language,
            color_scheme="dark" if dark else "light",
            **options,
        )
        self._contexts.append(context)
        for script in scripts:
            context.add_init_script(script)
        page = context.new_page()
        page.on("console", self._heed)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._check_host)
        page.goto(self.server)
        page.wait_for_selector("#model-table td")
        return page

    def close(self) -> None:
        """Close every page."""
        for context in self._contexts:
            context.close()

    def _heed(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        refused = REFUSED.match(message.text)
        if refused and int(refused[1]) in self.expected_statuses:
            return
        if self.unreachable_expected and UNREACHABLE.match(message.text):
            return
        self.complaints.append(message.text)

    def _check_host(self, request: Request) -> None:
        if not request.url.startswith((self.server, "blob:", "data:")):
            self.complaints.append(f"asked another host: {request.url}")


@pytest.fixture
def pages(chromium: Browser, live_server: str) -> Iterator[Pages]:
    """Pages of the real server; none may have complained or asked another host for anything."""
    pages = Pages(chromium, live_server)
    yield pages
    pages.close()
    assert pages.complaints == []


@pytest.fixture
def page(pages: Pages) -> Page:
    """The page in English, light, 1280 pixels wide."""
    return pages.open()
