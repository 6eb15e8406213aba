from __future__ import annotations

import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from runtime.limits import MAXIMUM_CHANNELS, MAXIMUM_SAMPLE_RATE_HZ, MINIMUM_SAMPLE_RATE_HZ
from runtime.options import DEFAULT_TAU, DEFAULT_TEMPERATURE
from server.app import ServerParts, create_app
from server.endpoints.page import PAGE_HEADERS, STATIC
from server.process.model_loader import ModelLoader
from server.settings import TARGET_ADVICE_SECONDS, Settings
from tests.server.fakes import FakeEngine


@pytest.fixture
def files(tmp_path: Path, engine: FakeEngine) -> TestClient:
    """Give a client of a server with folders of known content."""
    static, samples = tmp_path / "static", tmp_path / "samples"
    static.mkdir()
    samples.mkdir()
    (static / "index.html").write_text("<!doctype html><title>page</title>")
    (static / "app.js").write_text("export {};")
    (samples / "voice.wav").write_bytes(b"RIFF")
    (tmp_path / "secret").write_text("secret")
    (static / "link").symlink_to(tmp_path / "secret")
    parts = ServerParts.create(Settings(), ModelLoader(lambda: engine))
    return TestClient(create_app(parts, static, samples))


def test_the_page(files: TestClient) -> None:
    answer = files.get("/")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["cache-control"] == "no-cache"
    assert {n: answer.headers[n] for n in PAGE_HEADERS} == PAGE_HEADERS
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_scripts_are_asked_for_again_and_rarely_sent_again(files: TestClient) -> None:
    answer = files.get("/static/app.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "no-cache"
    again = files.get("/static/app.js", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""


def test_samples_are_kept(files: TestClient) -> None:
    answer = files.get("/samples/voice.wav")
    assert answer.content == b"RIFF"
    assert answer.headers["cache-control"] == "public, max-age=86400"
    assert answer.headers["content-type"] in ("audio/wav", "audio/x-wav")


@pytest.mark.parametrize(
    "path",
    [
        "/static",
        "/static/",
        "/static/none.js",
        "/static/../secret",
        "/static/%2e%2e/secret",
        "/static/link",
        "/samples/%00",
        "/samples/" + "a" * 300,
    ],
)
def test_nothing_else_is_served(files: TestClient, path: str) -> None:
    answer = files.get(path)
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"


def test_a_missing_folder_shows_at_start(tmp_path: Path, engine: FakeEngine) -> None:
    parts = ServerParts.create(Settings(), ModelLoader(lambda: engine))
    with pytest.raises(RuntimeError, match="does not exist"):
        create_app(parts, tmp_path / "none", tmp_path)


def test_what_is_shipped_is_served(client: TestClient) -> None:
    assert "<html" in client.get("/").text
    clips = client.get("/samples/samples.json").json()
    assert clips
    for clip in clips:
        assert client.get(f"/samples/{clip['file']}").status_code == 200


def test_the_figures_in_the_page_are_the_server_s() -> None:
    page = (STATIC / "index.html").read_text("utf-8")
    low, high = MINIMUM_SAMPLE_RATE_HZ // 1000, MAXIMUM_SAMPLE_RATE_HZ // 1000
    assert f"{low} 到 {high} kHz、1 到 {MAXIMUM_CHANNELS} 个声道" in page
    assert f"{low} to {high} kHz and with 1 to {MAXIMUM_CHANNELS} channels" in page
    assert f"不写时为 {DEFAULT_TAU}" in page
    assert f"the default is {DEFAULT_TAU}" in page
    (temperature,) = re.findall(r'id="temperature"[^>]* value="([\d.]+)"', page)
    assert float(temperature) == DEFAULT_TEMPERATURE
    first, last = TARGET_ADVICE_SECONDS
    assert f"{first} 到 {last} 秒连续说话" in page
    assert f"{first} to {last} seconds of steady speech" in page
