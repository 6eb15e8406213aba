"""Stored voices and downloads on the page in a real browser, on the real server and model."""

from __future__ import annotations

import base64
import io
import json
import urllib.request
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile

from tests.browser.conftest import Pages
from tests.browser.playground import Playground, samples_of, wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

SOURCE = "English, man"


@pytest.fixture
def names(live_server: str) -> Iterator[list[str]]:
    """Two names that no voice has, in their order; their voices are deleted in the end."""
    made = [f"{letter}-{uuid.uuid4().hex[:8]}" for letter in "ab"]
    yield made
    stored = {voice["name"] for voice in ask(live_server, "GET", "/api/voices")["voices"]}
    for name in stored & set(made):
        ask(live_server, "DELETE", f"/api/voices/{name}")


def ask(server: str, method: str, path: str, fields: object = None) -> dict[str, Any]:
    body = None if fields is None else json.dumps(fields).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(server + path, body, headers, method=method)
    with urllib.request.urlopen(request) as response:
        answer: dict[str, Any] = json.load(response)
    return answer


def note(page: Page, words: str) -> None:
    page.locator("#stored-note").get_by_text(words).wait_for()


def store(page: Page, name: str, sample: str) -> None:
    playground = Playground(page)
    playground.use_sample("target", sample)
    page.fill("#stored-name", name)
    page.click("#stored-store")
    note(page, f"Stored as “{name}”.")
    playground.panel("target").locator(".clips .remove").click()


def test_a_voice_is_stored_used_mixed_and_deleted(
    page: Page, live_server: str, names: list[str]
) -> None:
    assert page.is_hidden("#stored-save")
    store(page, names[0], "English, woman")
    store(page, names[1], "Scottish")
    stored = ask(live_server, "GET", f"/api/voices/{names[0]}")["voice"]
    assert (stored["clips"], stored["has_audio"]) == (1, False)
    playground = Playground(page)
    playground.use_sample("source", SOURCE)
    page.select_option("#stored-first", names[0])
    page.select_option("#stored-second", names[1])
    page.fill("#stored-share", "0.3")
    assert page.inner_text("#stored-shares") == f"{names[0]} 70 % · {names[1]} 30 %"
    page.click(".advanced summary")
    page.fill("#seed", "7")
    page.fill("#tau", "1")
    playground.convert()
    playground.await_result()
    assert page.is_hidden("#lane-target")
    source = page.evaluate(
        """async () => {
            const { fileToBase64 } = await import("/static/openvoice.js");
            return fileToBase64(await (await fetch("/samples/english-man.flac")).blob());
        }"""
    )
    mix = {names[0]: 0.7, names[1]: 0.3}
    fields = {"target_voice": mix, "source_audio": source, "tau": 1, "seed": 7}
    answer = ask(live_server, "POST", "/api/clone", fields)
    result = playground.result()
    expected = samples_of(base64.b64decode(answer["result_audio"]))
    assert len(result) == len(expected)
    assert np.max(np.abs(result.astype(int) - expected)) <= 1
    page.once("dialog", lambda dialog: dialog.accept())
    page.click("#stored-delete")
    note(page, f"“{names[0]}” was deleted.")
    assert page.input_value("#stored-first") == ""
    remaining = {voice["name"] for voice in ask(live_server, "GET", "/api/voices")["voices"]}
    assert (names[0] in remaining, names[1] in remaining) == (False, True)


def test_a_deletion_is_asked_about(page: Page, live_server: str, names: list[str]) -> None:
    store(page, names[0], "English, woman")
    page.select_option("#stored-first", names[0])
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.click("#stored-delete")
    assert ask(live_server, "GET", f"/api/voices/{names[0]}")["success"]


def test_what_was_chosen_last_is_the_target(page: Page, names: list[str]) -> None:
    store(page, names[0], "English, woman")
    playground = Playground(page)
    playground.use_sample("target", "Scottish")
    page.select_option("#stored-first", names[0])
    assert "unused" in (playground.panel("target").locator(".clips").get_attribute("class") or "")
    playground.use_sample("target", "English, woman")
    assert page.input_value("#stored-first") == ""
    assert page.inner_text("#stored-first option:checked") == "(the clips above)"


def test_audio_is_kept_only_where_it_is_asked_for(
    page: Page, live_server: str, names: list[str]
) -> None:
    Playground(page).use_sample("target", "English, woman")
    page.check("#stored-keep")
    page.fill("#stored-name", names[0])
    page.click("#stored-store")
    note(page, "Stored as")
    assert ask(live_server, "GET", f"/api/voices/{names[0]}")["voice"]["has_audio"] is True


def test_a_name_that_is_taken_or_wrong_is_explained(pages: Pages, names: list[str]) -> None:
    pages.expected_statuses = {409, 422}
    page = pages.open()
    store(page, names[0], "English, woman")
    Playground(page).use_sample("target", "Scottish")
    page.fill("#stored-name", names[0])
    page.click("#stored-store")
    note(page, "A voice of that name exists")
    page.fill("#stored-name", "a b")
    page.click("#stored-store")
    note(page, "The field name is not valid")


def test_a_live_session_takes_a_stored_voice(page: Page, names: list[str]) -> None:
    store(page, names[0], "English, woman")
    page.select_option("#stored-first", names[0])
    page.click("#live-start")
    wait_until(
        page, "/Measured latency/.test(document.getElementById('live-measured').textContent)"
    )
    page.click("#live-stop")
    page.wait_for_selector("#live-start:not([hidden])")
    assert page.is_hidden("#live-problem")


def test_a_server_that_stores_no_voices_offers_none(pages: Pages) -> None:
    page = pages.open()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    def without(route: Any) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json=answer.json() | {"stores_voices": False})

    page.route("**/api/info", without)
    page.reload()
    page.wait_for_selector("#model-table td")
    assert page.is_hidden("#stored")
    assert not any("/api/voices" in url for url in asked)


@pytest.mark.parametrize(("format", "kind"), [("flac", "FLAC"), ("mp3", "MP3"), ("ogg", "OGG")])
def test_a_result_is_downloaded_in_other_formats(page: Page, format: str, kind: str) -> None:
    playground = Playground(page)
    playground.use_sample("target", "English, woman")
    playground.use_sample("source", SOURCE)
    page.uncheck("#play-early")
    playground.convert()
    playground.await_result()
    wav = playground.result()
    page.select_option("#format", format)
    page.wait_for_selector(f"#download[download='result.{format}']:not([hidden])")
    with page.expect_download() as download:
        page.click("#download")
    assert download.value.suggested_filename == f"result.{format}"
    with soundfile.SoundFile(io.BytesIO(download.value.path().read_bytes())) as file:
        assert file.format == kind
        seconds = len(file) / file.samplerate
        samples = file.read(dtype="int16") if kind == "FLAC" else None
    assert seconds == pytest.approx(len(wav) / 22050, abs=0.1)
    if samples is not None:
        # the same seed, so the same samples
        assert np.max(np.abs(samples.astype(int) - wav)) <= 1
    page.select_option("#format", "wav")
    np.testing.assert_array_equal(playground.result(), wav)
