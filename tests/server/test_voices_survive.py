"""Stored voices survive servers that are killed, alone and where two share a database."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest

from runtime import Manifest
from tests.server import audio
from tests.server.live import wait_until
from tests.server_process import ServerProcess

CLIENTS = 8
GONE = (OSError, http.client.HTTPException)


@pytest.fixture(scope="module")
def model_id(model_folder: Path) -> str:
    return Manifest.read(model_folder / "manifest.json").model_id


def tone(model_id: str, value: float) -> str:
    """Give a tone of one value, as /api/tone writes it."""
    return f"{model_id}:{audio.text(np.full(256, value, '<f4').tobytes())}"


def ask(url: str, method: str, path: str, fields: object = None) -> tuple[int, Any]:
    """Send one request and return its status and its JSON.

    Raises:
        OSError, HTTPException: No answer came.
    """
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    try:
        body = None if fields is None else json.dumps(fields)
        connection.request(method, path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def names(url: str) -> set[str]:
    found: set[str] = set()
    after: str | None = ""
    while after is not None:
        status, answer = ask(url, "GET", f"/api/voices?limit=1000&after={after}")
        assert status == 200
        found |= {voice["name"] for voice in answer["voices"]}
        after = answer["next"]
    return found


def in_threads(work: Callable[[int], None]) -> list[threading.Thread]:
    threads = [threading.Thread(target=work, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    return threads


def test_every_answered_voice_survives_a_kill(
    model_folder: Path, model_id: str, voices_address: str
) -> None:
    arguments = ("--model", str(model_folder), "--voices", voices_address)
    answered: list[str] = []
    enough = threading.Event()

    def add(client: int) -> None:
        try:
            for number in range(1000):
                name = f"v{client}-{number}"
                fields = {"name": name, "tone": tone(model_id, client)}
                assert ask(url, "POST", "/api/voices", fields)[0] == 201
                answered.append(name)
                if len(answered) >= 40:
                    enough.set()
        except GONE:
            pass

    with ServerProcess(*arguments) as server:
        url = server.wait_until_ready()
        threads = in_threads(add)
        assert enough.wait(60)
        server.process.kill()
        for thread in threads:
            thread.join()
    with ServerProcess(*arguments) as server:
        assert set(answered) <= names(server.wait_until_ready())


TONES = 4
WEIGHTS = (0.25, 0.5)
SOURCE = audio.text(audio.clip(0.3))
FIXED = {"source_audio": SOURCE, "tau": 1, "temperature": 0, "seed": 1}


class Crowd:
    """Clients that add, mix and delete voices on several servers, and remember what was answered.

    The last part of a voice's name says which tone it has, so that each client knows what any
    voice must sound like.

    Args:
        urls: The servers, of which some may go.
        model_id: Their model.
    """

    def __init__(self, urls: list[str], model_id: str) -> None:
        self.urls = urls
        self.saved: set[str] = set()
        self.deleted: set[str] = set()
        self.unanswered: set[str] = set()
        self.mixes = 0
        self.faults: list[str] = []
        self.stop = threading.Event()
        self._lock = threading.Lock()
        values = np.random.default_rng(1).normal(0, 0.2, (TONES, 256)).astype("<f4")
        self._tones = [f"{model_id}:{audio.text(value.tobytes())}" for value in values]
        self._expected = {
            (one, other, weight): self._convert(values, model_id, one, other, weight)
            for one in range(TONES)
            for other in range(TONES)
            for weight in WEIGHTS
        }
        assert len(set(self._expected.values())) > TONES

    def work(self, client: int) -> None:
        """Work as one client until told to stop."""
        chance = random.Random(client)
        for number in range(100_000):
            if self.stop.is_set():
                return
            self._act(chance, f"v{client}-{number}-{chance.randrange(TONES)}")

    def _act(self, chance: random.Random, name: str) -> None:
        url = chance.choice(self.urls)
        known = sorted(self.saved - self.deleted)
        kind = chance.choice(("add", "add", "mix", "mix", "delete")) if len(known) > 4 else "add"
        try:
            if kind == "add":
                fields = {"name": name, "tone": self._tones[_tone_of(name)]}
                status, answer = ask(url, "POST", "/api/voices", fields)
                self._expect(status, answer, 201)
                with self._lock:
                    self.saved.add(name)
            elif kind == "delete":
                name = chance.choice(known)
                status, answer = ask(url, "DELETE", f"/api/voices/{name}")
                with self._lock:
                    self.deleted.add(name)
                self._expect(status, answer, 200, 404)
            else:
                self._mix(url, chance, known)
        except GONE:
            with self._lock:
                self.unanswered.add(name)

    def _mix(self, url: str, chance: random.Random, known: list[str]) -> None:
        one, other = chance.sample(known, 2)
        weight = chance.choice(WEIGHTS)
        fields = {**FIXED, "target_voice": {one: weight, other: 1 - weight}}
        status, answer = ask(url, "POST", "/api/clone", fields)
        self._expect(status, answer, 200, 404)
        if status == 200:
            expected = self._expected[_tone_of(one), _tone_of(other), weight]
            self._check(answer["result_audio"] == expected, f"wrong tone of {one} and {other}")
            with self._lock:
                self.mixes += 1

    def _convert(self, values: Any, model_id: str, one: int, other: int, weight: float) -> str:
        """Convert to a mix that the client has computed."""
        pair = values[[one, other]]
        mixed = np.average(pair, axis=0, weights=[weight, 1 - weight]).astype("<f4")
        target = f"{model_id}:{audio.text(mixed.tobytes())}"
        status, answer = ask(self.urls[0], "POST", "/api/clone", {**FIXED, "target_tone": target})
        assert status == 200
        result: str = answer["result_audio"]
        return result

    def _expect(self, status: int, answer: Any, *allowed: int) -> None:
        self._check(status in allowed, f"{status}: {answer}")

    def _check(self, holds: bool, fault: str) -> None:
        if not holds:
            self.faults.append(fault)


def _tone_of(name: str) -> int:
    return int(name.rpartition("-")[2])


@pytest.mark.parametrize("seconds", [0.0, pytest.param(8.0, marks=pytest.mark.slow)])
def test_two_servers_on_one_database_of_which_one_is_killed(
    model_folder: Path, model_id: str, postgres_schema: str, seconds: float
) -> None:
    # results are compared with those of one server
    arguments = ("--model", str(model_folder), "--voices", postgres_schema, "--marking", "none")
    with ExitStack() as stack:
        one, other = (stack.enter_context(ServerProcess(*arguments)) for _ in range(2))
        crowd = Crowd([one.wait_until_ready(), other.wait_until_ready()], model_id)
        threads = in_threads(crowd.work)
        for actions in (30, 60):
            time.sleep(seconds / 2)
            wait_until(lambda most=actions: crowd.mixes + len(crowd.deleted) > most, 300)
            if one.process.poll() is None:
                one.process.kill()
                crowd.urls = crowd.urls[1:]
        crowd.stop.set()
        for thread in threads:
            thread.join()
        stored = names(crowd.urls[0])
    print(f"{len(crowd.saved)} saved, {len(crowd.deleted)} deleted, {crowd.mixes} mixes")
    assert crowd.faults == []
    assert crowd.saved - crowd.deleted - crowd.unanswered <= stored
    assert stored <= (crowd.saved - crowd.deleted) | crowd.unanswered
