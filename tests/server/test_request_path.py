"""docs/architecture.md lists the modules that a request passes; this test follows one."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from server.settings import Settings
from tests.server import audio
from tests.server.answer_check import validators
from tests.server.conftest import MakeClient

ROOT = Path(__file__).parents[2]
SERVER = str(ROOT / "server") + "/"


class Follower:
    """Notes the modules of server/ that are entered, by threads that start after it."""

    def __init__(self) -> None:
        self.entered: list[str] = []
        self.noting = False
        threading.setprofile(self._note)

    def _note(self, frame: FrameType, event: str, _: Any) -> None:
        file = frame.f_code.co_filename
        if self.noting and event == "call" and file.startswith(SERVER):
            module = file.removeprefix(SERVER)
            if module not in self.entered:
                self.entered.append(module)


@pytest.fixture
def follower() -> Iterator[Follower]:
    made = Follower()
    yield made
    threading.setprofile(None)


def test_the_documented_way_is_the_real_one(follower: Follower, make_client: MakeClient) -> None:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    section = text[text.index("## A request") :]
    documented = re.findall(r"^\| \[`([a-z_0-9/]+\.py)`\]", section, re.MULTILINE)
    client = make_client(Settings(api_key="k"))
    clip = audio.text(audio.clip(1.0))
    validators()  # which the fixture would otherwise make on the way
    follower.noting = True
    answer = client.post(
        "/api/clone",
        json={"target_audio": clip, "source_audio": clip},
        headers={"Authorization": "Bearer k"},
    )
    follower.noting = False
    assert answer.status_code == 200
    assert follower.entered == documented
