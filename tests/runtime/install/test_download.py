from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.install.download import PAUSES_SECONDS, Download, Expected
from runtime.install.errors import DownloadFailed, NotEnoughSpace
from runtime.install.hub import Hub
from tests.runtime.install.hub import PlayedHub, play_hub

DATA = bytes(range(256)) * 4000
SHA256 = hashlib.sha256(DATA).hexdigest()
PATH = "/owner/repository/resolve/main/a%20folder/file.bin"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[PlayedHub]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with play_hub() as played:
        played.behaviour.files[PATH] = DATA
        yield played


class Fetching:
    """One download from a played hub; its pauses are noted down, not waited for."""

    def __init__(self, played: PlayedHub, folder: Path, token: str | None = None) -> None:
        environment = {"HF_ENDPOINT": played.address + "/"}
        if token:
            environment["HF_TOKEN"] = token
        self.hub = Hub(environment)
        self.url = self.hub.url("owner/repository", "a folder/file.bin")
        self.target = folder / "file.bin"
        self.pauses: list[float] = []

    def run(self, expected: Expected = Expected(len(DATA), SHA256)) -> str:  # noqa: B008
        return Download(self.hub, self.url, self.target, expected, self.pauses.append).run()

    def fail(self, expected: Expected = Expected(len(DATA), SHA256)) -> str:  # noqa: B008
        with pytest.raises(DownloadFailed) as error:
            self.run(expected)
        assert not self.target.exists()
        assert "\n" not in str(error.value)
        return str(error.value)


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_arrives_whole(hub: PlayedHub, tmp_path: Path) -> None:
    fetching = Fetching(hub, tmp_path)
    assert fetching.run() == SHA256
    assert fetching.target.read_bytes() == DATA
    assert left(tmp_path) == ["file.bin"]
    assert [path for path, _ in hub.requests] == [PATH]
    assert "Authorization" not in hub.requests[0][1]


def test_a_dropped_connection_is_resumed(hub: PlayedHub, tmp_path: Path) -> None:
    hub.behaviour.drops = [0.6]
    fetching = Fetching(hub, tmp_path)
    assert fetching.run() == SHA256
    assert fetching.target.read_bytes() == DATA
    second = hub.requests[1][1]
    assert second["Range"] == f"bytes={round(0.6 * len(DATA))}-"
    assert second["If-Range"] == '"1"'
    assert fetching.pauses == [PAUSES_SECONDS[0]]


def test_the_next_run_goes_on_where_the_last_one_ended(hub: PlayedHub, tmp_path: Path) -> None:
    hub.behaviour.drops = [0.6] + [0.0] * (len(PAUSES_SECONDS) + 1)
    first = Fetching(hub, tmp_path)
    message = first.fail()
    assert "the next run asks for the rest" in message
    assert first.pauses == [PAUSES_SECONDS[0], *PAUSES_SECONDS]
    assert left(tmp_path) == ["file.bin.part", "file.bin.tag"]
    sent = len(hub.requests)
    assert Fetching(hub, tmp_path).run() == SHA256
    assert len(hub.requests) == sent + 1
    assert hub.requests[-1][1]["Range"] == f"bytes={round(0.6 * len(DATA))}-"
    assert left(tmp_path) == ["file.bin"]


def test_a_hub_without_ranges_starts_over(hub: PlayedHub, tmp_path: Path) -> None:
    hub.behaviour.drops, hub.behaviour.ranges = [0.6], False
    fetching = Fetching(hub, tmp_path)
    assert fetching.run() == SHA256
    assert fetching.target.read_bytes() == DATA


def test_a_file_that_changed_meanwhile_starts_over(hub: PlayedHub, tmp_path: Path) -> None:
    hub.behaviour.drops = [0.5]
    other = DATA[::-1]

    def change() -> None:
        if len(hub.requests) == 2:
            hub.behaviour.tag, hub.behaviour.files[PATH] = '"2"', other

    hub.behaviour.before = change
    fetching = Fetching(hub, tmp_path)
    assert fetching.run(Expected()) == hashlib.sha256(other).hexdigest()
    assert fetching.target.read_bytes() == other


def test_a_part_that_is_too_long_starts_over(hub: PlayedHub, tmp_path: Path) -> None:
    (tmp_path / "file.bin.part").write_bytes(DATA + b"more")
    (tmp_path / "file.bin.tag").write_text('"1"')
    assert Fetching(hub, tmp_path).run() == SHA256


def test_a_wrong_byte_is_refused_and_deleted(hub: PlayedHub, tmp_path: Path) -> None:
    hub.behaviour.files[PATH] = DATA[:-1] + b"x"
    message = Fetching(hub, tmp_path).fail()
    assert "is not the expected file and was deleted" in message
    assert SHA256 in message
    assert left(tmp_path) == []


def test_a_wrong_size_is_refused_before_it_is_fetched(hub: PlayedHub, tmp_path: Path) -> None:
    hub.behaviour.files[PATH] = DATA + b"x"
    message = Fetching(hub, tmp_path).fail()
    assert f"it is {len(DATA) + 1} bytes there, the official file is {len(DATA)}" in message
    assert left(tmp_path) == []


@pytest.mark.parametrize(
    ("status", "token", "words"),
    [
        (404, None, "the hub has no such file (404)"),
        (401, None, "it may want a token in HF_TOKEN"),
        (401, "hf_x", "HF_TOKEN is not accepted"),
        (403, None, "the hub refuses access (403)"),
        (410, None, "the hub answers 410"),
    ],
)
def test_a_refusal_is_final(
    hub: PlayedHub, tmp_path: Path, status: int, token: str | None, words: str
) -> None:
    hub.behaviour.status = status
    fetching = Fetching(hub, tmp_path, token)
    assert words in fetching.fail()
    assert fetching.pauses == []
    assert left(tmp_path) == []


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_hub_is_asked_again(hub: PlayedHub, tmp_path: Path, status: int) -> None:
    hub.behaviour.status = status

    def recover() -> None:
        if len(hub.requests) == 3:
            hub.behaviour.status = None

    hub.behaviour.before = recover
    fetching = Fetching(hub, tmp_path)
    assert fetching.run() == SHA256
    assert fetching.pauses == list(PAUSES_SECONDS[:2])


def test_the_token_goes_to_the_hub_and_not_to_where_it_redirects(
    hub: PlayedHub, tmp_path: Path
) -> None:
    with play_hub() as storage:
        storage.behaviour.files[PATH] = DATA
        storage.behaviour.drops = [0.6]
        hub.behaviour.redirect = storage.address
        assert Fetching(hub, tmp_path, "hf_secret").run() == SHA256
        assert [headers["Authorization"] for _, headers in hub.requests] == ["Bearer hf_secret"] * 2
        assert len(storage.requests) == 2
        for _, headers in storage.requests:
            assert "hf_secret" not in str(headers)
        assert storage.requests[1][1]["Range"].startswith("bytes=")


def test_the_token_stays_on_the_hubs_own_redirects(hub: PlayedHub, tmp_path: Path) -> None:
    hub.behaviour.redirect = f"{hub.address}/renamed"
    hub.behaviour.files["/renamed" + PATH] = DATA

    def arrive() -> None:
        if len(hub.requests) == 2:
            hub.behaviour.redirect = None

    hub.behaviour.before = arrive
    assert Fetching(hub, tmp_path, "hf_secret").run() == SHA256
    assert [headers["Authorization"] for _, headers in hub.requests] == ["Bearer hf_secret"] * 2


def test_a_proxy_is_honoured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with play_hub() as proxy:
        monkeypatch.setenv("http_proxy", proxy.address)
        url = "http://hub.invalid" + PATH
        proxy.behaviour.files[url] = DATA
        hub = Hub({"HF_ENDPOINT": "http://hub.invalid"})
        target = tmp_path / "file.bin"
        assert Download(hub, url, target, Expected(len(DATA), SHA256)).run() == SHA256
        assert [path for path, _ in proxy.requests] == [url]


def test_a_hub_that_is_not_there(tmp_path: Path, hub: PlayedHub) -> None:
    dead = PlayedHub("http://127.0.0.1:9", hub.behaviour, [])
    fetching = Fetching(dead, tmp_path)
    message = fetching.fail()
    assert "cannot be reached" in message
    assert "set HF_ENDPOINT to a mirror" in message
    assert fetching.pauses == list(PAUSES_SECONDS)


def test_a_full_disk_is_told_before_anything_is_written(
    hub: PlayedHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = shutil.disk_usage(tmp_path)._replace(free=len(DATA))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: free)
    with pytest.raises(NotEnoughSpace, match="2 MiB are needed on this disk, 1 MiB are free"):
        Fetching(hub, tmp_path).run()
    assert left(tmp_path) == []


def test_an_endpoint_that_is_no_address(tmp_path: Path) -> None:
    hub = Hub({"HF_ENDPOINT": "not an address"})
    url = hub.url("owner/repository", "file.bin")
    with pytest.raises(DownloadFailed, match="no address"):
        Download(hub, url, tmp_path / "file.bin", Expected()).run()
