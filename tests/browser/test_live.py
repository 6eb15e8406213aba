"""The live panel in a real browser with a fake microphone, on the real server and model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.browser.conftest import Pages
from tests.browser.playground import LONGEST_WAIT_MILLISECONDS, Playground, samples_of, wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

MEASURED = "document.getElementById('live-measured').textContent"


def _start(page: Page, latency: str = "balanced") -> None:
    Playground(page).use_sample("target", "English, woman")
    page.select_option("#live-latency", latency)
    page.click("#live-start")


def _stop(page: Page) -> None:
    page.click("#live-stop")
    page.wait_for_selector("#live-start:not([hidden])", timeout=LONGEST_WAIT_MILLISECONDS)


def test_speech_is_converted_while_it_is_spoken(page: Page) -> None:
    assert "headphones" in page.inner_text("#live")
    _start(page)
    wait_until(page, f"/Measured latency \\d/.test({MEASURED})")
    wait_until(page, "document.getElementById('live-output').value > 0.02")
    assert page.input_value("#tau") == "0.5"
    assert page.is_disabled("#live-latency")
    page.wait_for_timeout(2000)
    _stop(page)
    assert page.inner_text("#live-status") == "Stopped."
    assert page.is_hidden("#live-problem")
    with page.expect_download() as download:
        page.click("#live-download")
    assert download.value.suggested_filename == "live.wav"
    audio = samples_of(download.value.path().read_bytes())
    assert len(audio) > 22050
    assert np.abs(audio).max() > 1000


def test_it_may_be_started_again(page: Page) -> None:
    for _ in range(2):
        _start(page, "low")
        wait_until(page, f"/Measured latency \\d/.test({MEASURED})")
        _stop(page)
    assert page.is_visible("#live-download")


def test_a_target_is_asked_for(page: Page) -> None:
    page.click("#live-start")
    assert "step 1" in page.inner_text("#live-problem")
    assert page.is_visible("#live-start")


def test_a_server_without_a_place_says_so(page: Page, pages: Pages) -> None:
    def refuse(socket: object) -> None:
        from playwright.sync_api import WebSocketRoute

        assert isinstance(socket, WebSocketRoute)
        error = (
            '{"type": "error", "success": false, "message": "The server is busy.",'
            ' "error": {"code": "overloaded", "retry_after_seconds": 10}, "request_id": "r-1"}'
        )
        socket.send(error)
        socket.close(code=1013)

    page.route_web_socket("**/api/clone/live", refuse)
    _start(page)
    page.wait_for_selector("#live-problem:not([hidden])", timeout=LONGEST_WAIT_MILLISECONDS)
    assert "The server is busy." in page.inner_text("#live-problem")
    assert page.is_visible("#live-start")


@pytest.mark.parametrize("language", ["en-US", "zh-CN"])
def test_the_panel_speaks_the_page_s_language(pages: Pages, language: str) -> None:
    page = pages.open(language=language)
    options = page.locator("#live-latency option").all_inner_texts()
    assert all(options)
    assert options[1].isascii() == (language == "en-US")
