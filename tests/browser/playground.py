"""What a visitor does on the playground, by name."""

from __future__ import annotations

import io
import json
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile
from numpy.typing import NDArray

if TYPE_CHECKING:
    from playwright.sync_api import FilePayload, Locator, Page

LONGEST_WAIT_MILLISECONDS = 60_000

WATCH = """
  window.seen = [];
  window.pieces = [];
  const start = AudioBufferSourceNode.prototype.start;
  AudioBufferSourceNode.prototype.start = function (when, offset = 0) {
    window.pieces.push({ when, offset, seconds: this.buffer.duration });
    return start.call(this, when, offset);
  };
  addEventListener("DOMContentLoaded", () => {
    const byId = (id) => document.getElementById(id);
    new MutationObserver(() => window.seen.push({
      progress: byId("progress-bar").position,
      words: byId("progress-text").textContent,
      playing: byId("play").classList.contains("active"),
      whole: !byId("download").hidden,
    })).observe(byId("progress"), { subtree: true, childList: true, attributes: true });
  });
"""
"""Writes down every state of the progress bar, and every piece of audio that is scheduled."""


class Playground:
    """The playground of an open page.

    Args:
        page: The page.
    """

    def __init__(self, page: Page) -> None:
        self.page = page

    def panel(self, which: str) -> Locator:
        """Return the panel of "target" or "source"."""
        return self.page.locator(f"#{which}-panel")

    def use_sample(self, which: str, title: str) -> None:
        """Choose a shipped sample by its title."""
        clips = self.panel(which).locator(".clips li").filter(has_text=title)
        self.panel(which).locator(".chip").filter(has_text=title).first.click()
        clips.first.wait_for()

    def upload(self, which: str, *files: tuple[str, str, bytes]) -> None:
        """Choose files, each by name, type and content."""
        payloads: list[FilePayload] = [
            {"name": name, "mimeType": kind, "buffer": data} for name, kind, data in files
        ]
        self.panel(which).locator("input[type=file]").set_input_files(payloads)

    def drop(self, which: str, name: str, data: bytes) -> None:
        """Drag a file onto a panel and let it go there."""
        transfer = self.page.evaluate_handle(
            """([name, bytes]) => {
                const transfer = new DataTransfer();
                transfer.items.add(new File([new Uint8Array(bytes)], name));
                return transfer;
            }""",
            [name, list(data)],
        )
        for event in ("dragenter", "dragover", "drop"):
            self.panel(which).dispatch_event(event, {"dataTransfer": transfer})

    def settle_verdicts(self) -> list[str]:
        """Return what the page says of the target clips once the server has judged them."""
        notes = self.panel("target").locator(".clips .note")
        notes.first.wait_for()
        wait_until(
            self.page,
            "![...document.querySelectorAll('#target-panel .clips .note')]"
            ".some((note) => note.dataset.text === 'clip.checking')",
        )
        return notes.all_inner_texts()

    def convert(self) -> None:
        """Press the button."""
        self.page.click("#convert")

    def await_result(self) -> None:
        """Wait until the result is there whole."""
        self.page.wait_for_selector("#download:not([hidden])", timeout=LONGEST_WAIT_MILLISECONDS)

    def problem(self) -> str:
        """Return the words in which a problem is shown."""
        self.page.wait_for_selector("#problem:not([hidden])", timeout=LONGEST_WAIT_MILLISECONDS)
        return self.page.inner_text("#problem")

    def result(self) -> NDArray[np.int16]:
        """Download the result. [samples] at 22050 Hz."""
        with self.page.expect_download() as download:
            self.page.click("#download")
        assert download.value.suggested_filename == "result.wav"
        return samples_of(download.value.path().read_bytes())

    def seen(self) -> list[dict[str, Any]]:
        """Return the states of the progress bar so far (needs `WATCH`)."""
        states: list[dict[str, Any]] = self.page.evaluate("window.seen")
        return states


def wait_until(page: Page, expression: str) -> None:
    """Wait until an expression is true: `wait_for_function`, which the page's CSP forbids."""
    deadline = time.monotonic() + LONGEST_WAIT_MILLISECONDS / 1000
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, f"never true: {expression}"
        page.wait_for_timeout(25)


def samples_of(wav: bytes) -> NDArray[np.int16]:
    """Read a mono WAV at 22050 Hz. Returns [samples]."""
    samples, sample_rate_hz = soundfile.read(io.BytesIO(wav), dtype="int16")
    assert sample_rate_hz == 22050
    assert samples.ndim == 1
    result: NDArray[np.int16] = samples
    return result


def call(page: Page, body: str, argument: Any = None) -> Any:
    """Run the body of an asynchronous function that has the client module as `openvoice`."""
    return page.evaluate(
        f"async (argument) => {{ const openvoice = await import('/static/openvoice.js'); {body} }}",
        argument,
    )


def refusal(code: str, message: str = "no") -> str:
    """Return the body of an error answer."""
    error = {"success": False, "message": message, "error": {"code": code}, "request_id": "r-1"}
    return json.dumps(error)
