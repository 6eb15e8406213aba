"""The clients that the original page documents work as they were written."""

from __future__ import annotations

import base64
import io
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import requests
import soundfile

from runtime import VoiceCloner
from server.inference.engine import Engine
from tests.server import audio
from tests.server.fakes import FakeEngine
from tests.server.live import live

PAGE = Path(__file__).parents[3] / "shared" / "original-api-page.txt"


@pytest.fixture(params=["fake", "default model"])
def either(request: pytest.FixtureRequest, engine: FakeEngine) -> Engine:
    if request.param == "fake":
        return engine
    return VoiceCloner.load(request.getfixturevalue("default_model"), provider="cpu", threads=1)


def test_the_page_s_python_example(tmp_path: Path, either: Engine) -> None:
    if not PAGE.exists():
        pytest.skip("the original page is not beside this checkout")
    page = PAGE.read_text("utf-8")
    found = re.search(r"^import base64\n.*?^f\.write\(audio_data\)$", page, re.S | re.M)
    assert found
    with live(either, marking="full") as server:
        code = indented(found[0].replace("http://localhost:5000", server.url))
        (tmp_path / "target.wav").write_bytes(audio.clip(3.0, pitch_hz=220))
        (tmp_path / "source.wav").write_bytes(audio.clip(4.0, pitch_hz=110))
        run = subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
        )
    assert run.returncode == 0, run.stderr
    assert len(audio.pcm((tmp_path / "output.wav").read_bytes())) == 4 * 22050


def indented(code: str) -> str:
    """Give back the indentation that the page lost: in from a colon on, out after a return."""
    lines: list[str] = []
    depth = 0
    for line in code.splitlines():
        lines.append("    " * depth + line)
        if line.startswith("return"):
            depth = 0
        elif line.rstrip().endswith(":"):
            depth += 1
    return "\n".join(lines)


def test_the_segment_loop(either: Engine) -> None:
    """Long audio in pieces of 10 s, each with the same target, and the results joined."""
    rate = 44100
    source = audio.speech(25.013, rate)
    target = audio.text(audio.clip(3.0, pitch_hz=220))
    segment = 10 * rate
    results = []
    with live(either, marking="full") as server:
        for start in range(0, len(source), segment):
            piece = audio.encoded(source[start : start + segment], rate)
            answer = requests.post(
                f"{server.url}/api/clone",
                json={
                    "target_audio": f"data:audio/wav;base64,{target}",
                    "source_audio": f"data:audio/wav;base64,{audio.text(piece)}",
                    "tau": 0.3,
                },
                timeout=120,
            )
            result = answer.json()
            assert result["success"], result
            results.append(base64.b64decode(result["result_audio"]))
    pieces = [soundfile.read(io.BytesIO(result), dtype="int16")[0] for result in results]
    assert [len(piece) for piece in pieces] == [220500, 220500, round(len(source) / 2) - 441000]
    assert abs(len(np.concatenate(pieces)) - 25.013 * 22050) <= 1


def test_a_last_piece_of_milliseconds_and_a_silent_one(either: Engine) -> None:
    target = audio.text(audio.clip(3.0))
    with live(either, marking="full") as server:
        for piece in (audio.speech(0.004, 44100), np.zeros(441000, np.float32)):
            fields = {
                "target_audio": target,
                "source_audio": audio.text(audio.encoded(piece, 44100)),
            }
            answer = requests.post(f"{server.url}/api/clone", json=fields, timeout=60)
            assert answer.status_code == 200
            wav = base64.b64decode(answer.json()["result_audio"])
            assert len(audio.pcm(wav)) == round(len(piece) / 2)
