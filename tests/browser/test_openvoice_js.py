"""server/static/openvoice.js in a browser, against answers made up and against the real server."""

from __future__ import annotations

import base64
import io
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile

from tests.audio import audio_file, voice, voice_file
from tests.browser.conftest import Pages
from tests.browser.playground import call, refusal, samples_of

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

pytestmark = pytest.mark.browser

JSON = {"Content-Type": "application/json"}
STATS = {"extract_time": "0.01s", "clone_time": "0.02s", "total_time": "0.03s"}


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def cloned() -> str:
    return json.dumps({"success": True, "result_audio": encoded(voice_file(0.1)), "stats": STATS})


def outcome(page: Page, body: str, argument: Any = None) -> dict[str, Any]:
    """Run a body that fails, and return what it threw."""
    thrown: dict[str, Any] = call(
        page,
        f"try {{ {body} }} catch (error) {{ return {{ name: error.name, message: error.message,"
        " code: error.code, status: error.status, facts: error.facts, requestId: error.requestId,"
        " retryAfterSeconds: error.retryAfterSeconds }; }",
        argument,
    )
    return thrown


def test_clone_and_stream_give_the_same_audio(page: Page) -> None:
    argument = [encoded(voice_file(3.0, pitch_hz=210.0)), encoded(voice_file(25.0))]
    both = call(
        page,
        """const options = { target: argument[0], source: argument[1], tau: 1, seed: 3 };
        const shares = [], pieces = [];
        let start;
        const streamed = await openvoice.cloneStream({ ...options,
            onStart: (line) => { start = line; },
            onAudio: (pcm, facts) => pieces.push([pcm.length, facts.startSeconds]),
            onProgress: (share) => shares.push(share) });
        const direct = await openvoice.clone(options);
        return { start, shares, pieces, stats: streamed.stats, type: streamed.audio.type,
            streamed: await openvoice.fileToBase64(streamed.audio),
            direct: await openvoice.fileToBase64(direct.audio), base64: direct.base64 };""",
        argument,
    )
    streamed, direct = (
        samples_of(base64.b64decode(both[name].split(",")[1])) for name in ("streamed", "direct")
    )
    assert both["direct"].endswith(both["base64"])
    assert both["type"] == "audio/wav"
    assert len(direct) == len(streamed) == both["start"]["samples"] == 25 * 22050
    assert np.max(np.abs(streamed.astype(int) - direct)) <= 1
    assert sum(length for length, _ in both["pieces"]) == len(streamed)
    assert both["pieces"][1][1] == pytest.approx(both["pieces"][0][0] / 22050, abs=1e-3)
    assert both["shares"][-1] == 1
    assert set(both["stats"]) == set(STATS)


def test_a_format_of_the_result(page: Page) -> None:
    argument = [encoded(voice_file(3.0, pitch_hz=210.0)), encoded(voice_file(1.0))]
    found = call(
        page,
        """const { audio } = await openvoice.clone({ target: argument[0], source: argument[1],
            format: "flac", sampleRate: 16000 });
        return { type: audio.type, file: await openvoice.fileToBase64(audio) };""",
        argument,
    )
    info = soundfile.info(io.BytesIO(base64.b64decode(found["file"].split(",")[1])))
    assert (info.format, info.samplerate, info.frames) == ("FLAC", 16000, 16000)
    assert found["type"] == "audio/flac"


def test_an_audio_element_plays_the_real_server_s_stream(page: Page) -> None:
    argument = [encoded(voice_file(3.0, pitch_hz=210.0)), encoded(voice_file(25.0))]
    found = call(
        page,
        """const [target, source] = argument;
        const { url, done } = await openvoice.clonePlayable({ target, source });
        const audio = new Audio();
        audio.muted = true;
        audio.src = url;
        await audio.play();
        await new Promise((resolve) => {
            audio.ontimeupdate = () => audio.currentTime > 0.2 && resolve();
        });
        const file = await done;
        while (audio.duration === Infinity) {
            await new Promise((resolve) => { audio.ondurationchange = resolve; });
        }
        audio.pause();
        return { seconds: audio.duration, file: await openvoice.fileToBase64(file) };""",
        argument,
    )
    info = soundfile.info(io.BytesIO(base64.b64decode(found["file"].split(",")[1])))
    assert (info.format, info.frames) == ("MP3", 25 * 22050)
    assert found["seconds"] == pytest.approx(25, abs=0.2)


PLAY_HALF = """const [file, breaks] = argument;
    const bytes = Uint8Array.from(atob(file), (letter) => letter.charCodeAt(0));
    let stream;
    const body = new ReadableStream({ start: (controller) => { stream = controller; } });
    window.fetch = async () => new Response(body);
    const { url, done } = await openvoice.clonePlayable({ target: "AAAA", source: "AAAA" });
    const outcome = done.then((blob) => blob.size, (error) => error.code);
    const audio = new Audio();
    audio.muted = true;
    audio.src = url;
    stream.enqueue(bytes.subarray(0, bytes.length / 2));
    await audio.play();
    await new Promise((resolve) => {
            audio.ontimeupdate = () => audio.currentTime > 0.2 && resolve();
        });
    if (breaks) stream.error(new Error("gone"));
    else {
      stream.enqueue(bytes.subarray(bytes.length / 2));
      stream.close();
    }
    return await outcome;"""


def test_an_audio_element_plays_while_the_rest_is_made(page: Page) -> None:
    file = voice_file(4.0, kind="mp3")
    assert call(page, PLAY_HALF, [encoded(file), False]) == len(file)
    assert call(page, PLAY_HALF, [encoded(file), True]) == "stream_interrupted"


def test_a_browser_without_mediasource_waits_for_the_whole(page: Page) -> None:
    argument = [encoded(voice_file(3.0, pitch_hz=210.0)), encoded(voice_file(1.0))]
    seconds = call(
        page,
        """delete window.MediaSource;
        const [target, source] = argument;
        const { url, done } = await openvoice.clonePlayable({ target, source });
        const audio = new Audio(url);
        await new Promise((resolve) => { audio.onloadedmetadata = resolve; });
        return [audio.duration, (await done).type];""",
        argument,
    )
    assert seconds[0] == pytest.approx(1.0, abs=0.1)
    assert seconds[1] == "audio/mpeg"


def test_a_tone_stands_for_its_voice(page: Page) -> None:
    argument = [encoded(voice_file(3.0, pitch_hz=210.0)), encoded(voice_file(1.0))]
    by_tone, by_clip, seconds = call(
        page,
        """const [target, source] = argument;
        const { tone, seconds } = await openvoice.tone({ audio: target });
        const options = { source, tau: 1, temperature: 0 };
        return [(await openvoice.clone({ ...options, targetTone: tone })).base64,
            (await openvoice.clone({ ...options, target: [target] })).base64, seconds];""",
        argument,
    )
    # not the files: each one's label has an id of its own
    first, second = (samples_of(base64.b64decode(result)) for result in (by_tone, by_clip))
    np.testing.assert_array_equal(first, second)
    assert seconds == pytest.approx(3.0)


def test_audio_may_be_given_in_every_form(page: Page) -> None:
    bodies: list[dict[str, Any]] = []

    def answer(route: Route) -> None:
        bodies.append(route.request.post_data_json or {})
        route.fulfill(body=cloned(), headers=JSON)

    page.route("**/api/clone", answer)
    call(
        page,
        """const bytes = new Uint8Array([82, 73, 70, 70]);
        const file = new File([bytes], "a.wav", { type: "audio/wav" });
        for (const source of [file, new Blob([bytes]), bytes, bytes.buffer, "UklGRg=="]) {
            await openvoice.clone({ target: "AAAA", source });
        }""",
    )
    assert [body["source_audio"] for body in bodies] == [
        "data:audio/wav;base64,UklGRg==",
        "data:application/octet-stream;base64,UklGRg==",
        "UklGRg==",
        "UklGRg==",
        "UklGRg==",
    ]
    assert bodies[0] == {"target_audio": "AAAA", "source_audio": bodies[0]["source_audio"]}


@pytest.mark.parametrize("status", [429, 503])
def test_busy_is_tried_again_when_the_server_says(pages: Pages, status: int) -> None:
    pages.expected_statuses = {status}
    page = pages.open()
    statuses = iter([status, status, 200])
    headers: list[dict[str, str]] = []

    def answer(route: Route) -> None:
        headers.append(route.request.headers)
        now = next(statuses)
        body = cloned() if now == 200 else refusal("overloaded")
        route.fulfill(status=now, headers=JSON | {"Retry-After": "0"}, body=body)

    page.route("**/api/clone", answer)
    waits = call(
        page,
        """const waits = [];
        await openvoice.clone({ target: "AAAA", source: "AAAA", apiKey: "k", language: "en",
            onRetry: ({ attempt, seconds, error }) => waits.push([attempt, seconds, error.code]) });
        return waits;""",
    )
    assert waits == [[1, 0, "overloaded"], [2, 0, "overloaded"]]
    assert {sent["authorization"] for sent in headers} == {"Bearer k"}
    assert {sent["accept-language"] for sent in headers} == {"en"}


def test_retries_end(pages: Pages) -> None:
    pages.expected_statuses = {429}
    page = pages.open()
    tries: list[str] = []

    def answer(route: Route) -> None:
        tries.append(route.request.method)
        headers = JSON | {"Retry-After": "0"}
        route.fulfill(status=429, headers=headers, body=refusal("overloaded"))

    page.route("**/api/clone", answer)
    options = '{ target: "AAAA", source: "AAAA", retries: 2 }'
    error = outcome(page, f"await openvoice.clone({options});")
    assert len(tries) == 3
    assert error["code"] == "overloaded"
    assert error["retryAfterSeconds"] == 0


def test_an_error_keeps_its_facts(pages: Pages) -> None:
    pages.expected_statuses = {422}
    short = encoded(voice_file(0.1))
    body = 'await openvoice.clone({ target: argument, source: argument, language: "en" });'
    error = outcome(pages.open(), body, short)
    assert error["name"] == "OpenVoiceError"
    assert (error["status"], error["code"]) == (422, "audio_too_short")
    assert error["facts"]["param"] == "target_audio"
    assert error["facts"]["minimum_seconds"] == 0.5
    assert "too short" in error["message"]
    assert error["requestId"]


def test_a_server_that_is_gone_is_an_error_of_its_own(pages: Pages) -> None:
    pages.unreachable_expected = True
    page = pages.open()
    page.route("**/api/clone", lambda route: route.abort())
    error = outcome(page, 'await openvoice.clone({ target: "AAAA", source: "AAAA" });')
    assert (error["name"], error["code"]) == ("OpenVoiceError", "unreachable")


def test_a_stream_that_breaks_off_is_an_error(page: Page) -> None:
    start = json.dumps({"success": True, "sample_rate": 22050, "samples": 10, "seconds": 1})
    page.route("**/api/clone/stream", lambda route: route.fulfill(body=start + "\n"))
    error = outcome(page, 'await openvoice.cloneStream({ target: "AAAA", source: "AAAA" });')
    assert error["code"] == "stream_interrupted"


def test_an_error_within_a_stream_is_thrown(page: Page) -> None:
    start = json.dumps({"success": True, "sample_rate": 22050, "samples": 10, "seconds": 1})
    lines = f"{start}\n{refusal('deadline_exceeded', 'too late')}\n"
    page.route("**/api/clone/stream", lambda route: route.fulfill(body=lines))
    error = outcome(page, 'await openvoice.cloneStream({ target: "AAAA", source: "AAAA" });')
    assert (error["code"], error["message"]) == ("deadline_exceeded", "too late")


def test_abort_ends_a_wait(pages: Pages) -> None:
    pages.expected_statuses = {503}
    page = pages.open()
    headers = JSON | {"Retry-After": "600"}
    page.route(
        "**/api/clone",
        lambda route: route.fulfill(status=503, headers=headers, body=refusal("not_ready")),
    )
    error = outcome(
        page,
        """const stop = new AbortController();
        await openvoice.clone({ target: "AAAA", source: "AAAA", signal: stop.signal,
            onRetry: () => setTimeout(() => stop.abort()) });""",
    )
    assert error["name"] == "AbortError"


def test_segments_join_to_what_was_cut(page: Page) -> None:
    stereo = np.stack([voice(2.4, 44100, seed=1), voice(2.4, 44100, seed=2)], axis=1)
    merged, pieces = call(
        page,
        """const context = new OfflineAudioContext(2, 1, 22050);
        const bytes = await (await fetch(argument)).arrayBuffer();
        const audio = await context.decodeAudioData(bytes);
        const results = [];
        for (let at = 0; at < audio.length; at += 22050) {
            const piece = openvoice.extractSegment(audio, at, 22050);
            const base64 = await openvoice.convertToBase64(piece);
            results.push(results.length % 2 ? base64 : base64.split(",")[1]);
        }
        const merged = await openvoice.mergeSegments(results);
        return [await openvoice.fileToBase64(merged), results.length];""",
        "data:audio/wav;base64," + encoded(audio_file(stereo, 44100)),
    )
    joined = samples_of(base64.b64decode(merged.split(",")[1])) / 32768
    reference = voice(2.4, 44100, seed=1) + voice(2.4, 44100, seed=2)
    assert pieces == 3
    assert len(joined) == round(2.4 * 22050)
    assert np.std(joined) == pytest.approx(np.std(reference / 2), rel=0.02)


def test_a_segment_without_audio_is_named(page: Page) -> None:
    error = outcome(page, 'await openvoice.mergeSegments([undefined, "AAAA"]);')
    assert error["name"] == "TypeError"
    assert "Segment 1 of 2" in error["message"]
