"""The playground in a real browser, on the real server and model."""

from __future__ import annotations

import itertools
import json
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.audio import audio_file, voice, voice_file
from tests.browser.conftest import Pages
from tests.browser.playground import WATCH, Playground, refusal, samples_of, wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

pytestmark = pytest.mark.browser

SAMPLES = Path(__file__).parents[2] / "samples"
MINUTE = "English, woman, a minute"


def ready(page: Page, source: str = "English, man") -> Playground:
    playground = Playground(page)
    playground.use_sample("target", "English, woman")
    playground.use_sample("source", source)
    return playground


def test_samples_are_converted_as_the_api_converts_them(page: Page, live_server: str) -> None:
    playground = ready(page)
    page.click(".advanced summary")
    page.fill("#seed", "7")
    page.fill("#tau", "1")
    playground.convert()
    playground.await_result()
    names = ("english-woman.flac", "english-man.flac")
    target, source = (page.evaluate(READ, f"/samples/{name}") for name in names)
    body = {"target_audio": target, "source_audio": source, "tau": 1, "seed": 7}
    request = urllib.request.Request(
        f"{live_server}/api/clone",
        json.dumps(body).encode(),
        {"Content-Type": "application/json", "Accept": "audio/wav"},
    )
    with urllib.request.urlopen(request) as response:
        expected = samples_of(response.read())
    result = playground.result()
    assert len(result) == len(expected)
    assert np.max(np.abs(result.astype(int) - expected)) <= 1
    assert page.locator(".lane canvas").count() >= 6
    assert "conversion" in page.inner_text("#result-stats")


READ = """async (address) => {
    const { fileToBase64 } = await import("/static/openvoice.js");
    return fileToBase64(await (await fetch(address)).blob());
}"""


def test_files_of_every_kind_are_taken(page: Page) -> None:
    playground = Playground(page)
    for kind, suffix in (("wav", "wav"), ("mp3", "mp3"), ("flac", "flac"), ("ogg-opus", "ogg")):
        playground.upload("source", (f"speech.{suffix}", "", voice_file(1.5, 24000, kind=kind)))
        playground.panel("source").get_by_text(f"speech.{suffix}").wait_for()
        assert playground.panel("source").locator(".clips li").count() == 1
    playground.upload("target", ("voice.wav", "audio/wav", voice_file(3.0, pitch_hz=210.0)))
    playground.settle_verdicts()
    playground.convert()
    playground.await_result()
    assert len(playground.result()) == pytest.approx(1.5 * 22050, abs=1)


def test_a_dropped_file_is_taken(page: Page) -> None:
    playground = Playground(page)
    playground.drop("source", "dropped.flac", voice_file(1.0, kind="flac"))
    playground.panel("source").get_by_text("dropped.flac").wait_for()
    assert "dropping" not in (playground.panel("source").get_attribute("class") or "")


def test_several_target_clips_are_averaged(page: Page, pages: Pages) -> None:
    bodies: list[dict[str, object]] = []
    page.on("request", lambda request: bodies.append(request.post_data_json or {}))
    playground = Playground(page)
    playground.upload(
        "target",
        ("one.wav", "audio/wav", voice_file(2.5, seed=1)),
        ("two.wav", "audio/wav", voice_file(3.5, seed=2)),
    )
    playground.panel("target").get_by_text("2 clips, 6.0 s").wait_for()
    playground.use_sample("source", "English, man")
    playground.convert()
    playground.await_result()
    targets = [body["target_audio"] for body in bodies if "target_audio" in body]
    assert [len(clips) for clips in targets if isinstance(clips, list)] == [2]
    page.get_by_role("button", name="Remove one.wav").click()
    assert playground.panel("target").locator(".clips li").count() == 1


def test_the_microphone_is_sent_as_wav(page: Page) -> None:
    playground = Playground(page)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.post_data or ""))
    record = playground.panel("target").locator(".record")
    record.click()
    wait_until(
        page,
        "/[2-9]\\.\\d s/.test(document.querySelector('#target-panel .record').textContent)",
    )
    assert playground.panel("target").locator("meter").is_visible()
    record.click()
    playground.panel("target").get_by_text("Recording 1").wait_for()
    assert "Converted to WAV" in playground.panel("target").inner_text()
    playground.settle_verdicts()
    (body,) = [json.loads(text) for text in sent if '"audio"' in text]
    assert body["audio"].startswith("data:audio/wav;base64,UklGR")
    playground.use_sample("source", "English, man")
    playground.convert()
    playground.await_result()
    assert len(playground.result()) == pytest.approx(7.92 * 22050, abs=22050 * 0.01)


def test_recording_says_why_it_cannot(pages: Pages) -> None:
    insecure = "Object.defineProperty(window, 'isSecureContext', { value: false });"
    page = pages.open(scripts=(insecure,))
    playground = Playground(page)
    playground.panel("source").locator(".record").click()
    words = playground.panel("source").get_by_role("alert").inner_text()
    assert "HTTPS" in words
    assert pages.server in words


def test_a_refused_microphone_is_said(pages: Pages) -> None:
    refused = """navigator.mediaDevices.getUserMedia =
        async () => { throw new DOMException("no", "NotAllowedError"); };"""
    playground = Playground(pages.open(scripts=(refused,)))
    playground.panel("source").locator(".record").click()
    assert "denied" in playground.panel("source").get_by_role("alert").inner_text()


def test_a_long_source_streams_and_plays_while_it_arrives(pages: Pages) -> None:
    page = pages.open(scripts=(WATCH,))
    playground = ready(page, MINUTE)
    playground.convert()
    playground.await_result()
    states = playground.seen()
    shares = [state["progress"] for state in states if state["progress"] >= 0]
    assert shares == sorted(shares)
    assert len(set(shares)) > 3
    assert shares[-1] == 1
    assert any(state["playing"] and not state["whole"] for state in states)
    assert any("of 1:03 converted" in state["words"] for state in states)
    assert len(playground.result()) == pytest.approx(63.36 * 22050, abs=22050 * 0.05)
    assert_no_gap(page)


def assert_no_gap(page: Page) -> None:
    """The pieces of the result were scheduled end to end, to a fraction of a sample."""
    pieces = [piece for piece in page.evaluate("window.pieces") if piece["seconds"] < 60]
    assert len(pieces) > 3
    for piece, following in itertools.pairwise(pieces):
        if following["offset"] > 0 or following["when"] <= piece["when"]:
            continue  # playback began anew, from where it was waiting
        end = piece["when"] + piece["seconds"] - piece["offset"]
        assert following["when"] == pytest.approx(end, abs=0.1 / 22050)


def test_cancel_ends_the_request(pages: Pages) -> None:
    page = pages.open(scripts=(WATCH,))
    playground = Playground(page)
    playground.use_sample("target", "English, woman")
    long = audio_file(np.tile(voice(5.0, 8000), 60), 8000, format="FLAC")
    playground.upload("source", ("long.flac", "audio/flac", long))
    playground.panel("source").get_by_text("long.flac").wait_for(timeout=60_000)
    failed: list[str] = []
    page.on("requestfailed", lambda request: failed.append(request.url))
    playground.convert()
    wait_until(page, "window.seen.some((state) => state.progress > 0)")
    page.keyboard.press("Enter")  # the focus went to the button
    assert "Cancelled" in playground.problem()
    assert page.is_hidden("#result")
    assert page.is_visible("#convert")
    assert failed == [f"{pages.server}/api/clone/stream"]
    playground.use_sample("source", "English, man")
    playground.convert()
    playground.await_result()


def test_source_and_result_are_heard_in_step(pages: Pages) -> None:
    playground = ready(pages.open())
    page = playground.page
    page.uncheck("#play-early")
    playground.convert()
    playground.await_result()
    assert not page.locator("#play.active").count()
    page.focus("#result-title")
    page.keyboard.press("Space")
    page.wait_for_selector("#play.active")
    wait_until(page, "Number(document.getElementById('seek').value) > 0.5")
    before = float(page.input_value("#seek"))
    page.keyboard.press("a")
    wait_until(page, "document.querySelector('input[value=source]').checked")
    after = float(page.input_value("#seek"))
    assert before <= after < before + 1.5
    assert page.locator("#lane-result.muted").count() == 1
    page.keyboard.press("b")
    assert page.locator("#lane-source.muted").count() == 1
    page.keyboard.press("Space")
    page.wait_for_selector("#play:not(.active)")
    stopped = float(page.input_value("#seek"))
    page.keyboard.press("ArrowLeft")
    assert float(page.input_value("#seek")) == pytest.approx(max(0, stopped - 2), abs=0.02)


def test_reference_warnings_come_before_converting(pages: Pages) -> None:
    pages.expected_statuses = {422}
    playground = Playground(pages.open())
    quiet = audio_file(0.004 * voice(3.0))
    clipped = audio_file(np.clip(8 * voice(3.0), -1, 1))
    for name, data, words in (
        ("short.wav", voice_file(1.0), "Short"),
        ("quiet.wav", quiet, "Quiet"),
        ("clipped.wav", clipped, "Clipped"),
        ("silent.wav", audio_file(np.zeros(44100, np.float32)), "silent"),
        ("tiny.wav", voice_file(0.2), "too short"),
        ("fine.wav", voice_file(5.0), "Good for cloning"),
    ):
        playground.upload("target", (name, "audio/wav", data))
        playground.panel("target").get_by_text(name, exact=True).wait_for()
        assert words in " ".join(playground.settle_verdicts())
        playground.page.get_by_role("button", name=f"Remove {name}").click()


def test_what_is_missing_is_said(page: Page) -> None:
    playground = Playground(page)
    playground.convert()
    assert "target voice in step 1" in playground.problem()
    playground.use_sample("target", "English, woman")
    playground.convert()
    assert "step 2" in playground.problem()
    playground.use_sample("source", "English, man")
    page.click(".advanced summary")
    page.fill("#seed", "99999999999999999")
    playground.convert()
    assert "seed must be a whole number" in playground.problem()


def test_a_file_that_is_no_audio_is_said(page: Page) -> None:
    playground = Playground(page)
    playground.upload("source", ("notes.txt", "text/plain", b"not a sound in here"))
    alert = playground.panel("source").get_by_role("alert")
    alert.get_by_text("notes.txt").wait_for()
    assert "cannot be decoded as audio" in alert.inner_text()


def test_a_source_beyond_the_limit_is_said_before_it_is_sent(page: Page) -> None:
    playground = Playground(page)
    playground.use_sample("target", "English, woman")
    long = audio_file(np.zeros(8000 * 601, np.float32), 8000, format="FLAC")
    playground.upload("source", ("long.flac", "audio/flac", long))
    playground.panel("source").get_by_text("long.flac").wait_for(timeout=60_000)
    playground.convert()
    assert "the limit is 10:00" in playground.problem()


def test_what_the_server_refuses_is_said_in_its_words(pages: Pages) -> None:
    pages.expected_statuses = {422}
    page = pages.open(language="zh-CN")
    playground = Playground(page)
    silent = audio_file(np.zeros(44100, np.float32))
    playground.upload("target", ("silent.wav", "audio/wav", silent))
    playground.use_sample("source", "英语男声")
    playground.convert()
    words = playground.problem()
    assert "目标声音中没有声音" in words
    assert "silent_audio" in words


def test_a_server_that_is_gone_is_said(pages: Pages) -> None:
    pages.unreachable_expected = True
    playground = ready(pages.open())
    playground.page.route("**/api/clone/stream", lambda route: route.abort())
    playground.convert()
    assert "cannot be reached" in playground.problem()


def test_a_busy_server_is_tried_again(pages: Pages) -> None:
    pages.expected_statuses = {429}
    page = pages.open(scripts=(WATCH,))
    playground = ready(page)
    tries: list[str] = []

    def busy_once(route: Route) -> None:
        tries.append(route.request.method)
        if len(tries) == 1:
            headers = {"Retry-After": "1", "Content-Type": "application/json"}
            route.fulfill(status=429, headers=headers, body=refusal("overloaded"))
        else:
            route.continue_()

    page.route("**/api/clone/stream", busy_once)
    playground.convert()
    playground.await_result()
    assert len(tries) == 2
    assert any("busy" in state["words"] for state in playground.seen())
