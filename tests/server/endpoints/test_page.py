from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from server.app import ServerParts, create_app
from server.endpoints.page import PAGE_HEADERS
from server.process.model_loader import ModelLoader
from server.settings import Settings
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
