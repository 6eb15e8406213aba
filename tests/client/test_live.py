"""The client against the real server."""

from __future__ import annotations

import re
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from client import ApiError, AsyncClient, Client, UnexpectedAnswer
from client.__main__ import main
from client.audio import pcm_of
from tests.server_process import ServerProcess

SAMPLES = Path(__file__).parents[2] / "samples"
TARGET = SAMPLES / "english-woman.flac"
SOURCE = SAMPLES / "scottish-man.wav"
LONG_SOURCE = SAMPLES / "english-man-half-minute.mp3"


def samples_at_22050(path: Path) -> int:
    info = soundfile.info(path)
    seconds: float = info.frames / info.samplerate
    return round(22050 * seconds)


def test_health_and_info(live_server: str) -> None:
    with Client(live_server) as client:
        assert client.health()["sample_rate"] == 22050
        assert client.info()["tone_dimension"] == 256


def test_one_request_a_tone_and_a_stream_agree(live_server: str) -> None:
    with Client(live_server) as client:
        direct = client.clone(TARGET, SOURCE, tau=1.0, seed=5)
        tone = client.tone(TARGET)
        by_tone = client.clone(tone, SOURCE, tau=1.0, seed=5)
        with client.clone_stream(TARGET, SOURCE, tau=1.0, seed=5) as stream:
            streamed = b"".join(piece.pcm for piece in stream)
    pcm, sample_rate_hz = pcm_of(direct.audio)
    assert sample_rate_hz == 22050
    assert len(pcm) // 2 == samples_at_22050(SOURCE)
    assert pcm_of(by_tone.audio)[0] == pcm
    assert len(streamed) == len(pcm)
    assert direct.stats.total_seconds >= direct.stats.clone_seconds
    assert direct.request_id
    assert tone.seconds == pytest.approx(6.93, abs=0.01)


@pytest.mark.parametrize("format", ["flac", "mp3", "ogg"])
def test_formats_are_as_long_as_the_source(live_server: str, tmp_path: Path, format: str) -> None:
    output = tmp_path / f"output.{format}"
    files = ["--target", str(TARGET), "--source", str(SOURCE), "--output", str(output)]
    assert main(["clone", "--server", live_server, *files, "--seed", "5"]) == 0
    assert soundfile.info(output).format == format.upper()
    assert samples_at_22050(output) == samples_at_22050(SOURCE)
    with Client(live_server) as client:
        whole = client.clone(TARGET, SOURCE, seed=5, format=format)  # type: ignore[arg-type]
    if format != "ogg":
        assert without_id(whole.audio) == without_id(output.read_bytes())


def without_id(file: bytes) -> bytes:
    """Leave out the request's id, which the label has."""
    return re.sub(rb'("ProduceID": ")[^"]+', rb"\1", file)


def test_several_targets(live_server: str) -> None:
    with Client(live_server) as client:
        result = client.clone([TARGET, SAMPLES / "english-woman-minute.mp3"], SOURCE)
    assert len(pcm_of(result.audio)[0]) // 2 == samples_at_22050(SOURCE)


def test_segments_are_as_long_as_the_source(live_server: str) -> None:
    with Client(live_server) as client:
        pieces = list(client.clone_segments(TARGET, LONG_SOURCE, tau=1.0))
    assert len(pieces) == 3
    assert sum(map(len, pieces)) // 2 == pytest.approx(samples_at_22050(LONG_SOURCE), abs=1)


async def test_asynchronous_calls(live_server: str) -> None:
    async with AsyncClient(live_server) as client:
        tone = await client.tone(TARGET)
        result = await client.clone(tone, SOURCE)
        async with client.clone_stream(tone, SOURCE) as stream:
            streamed = [piece.pcm async for piece in stream]
        pieces = [pcm async for pcm in client.clone_segments(tone, LONG_SOURCE)]
    samples = samples_at_22050(SOURCE)
    assert len(pcm_of(result.audio)[0]) // 2 == sum(map(len, streamed)) // 2 == samples
    assert len(pieces) == 3


def test_errors_come_typed_and_in_the_language_asked_for(live_server: str) -> None:
    messages = []
    for language in ("en", "zh"):
        with Client(live_server, language=language) as client:
            with pytest.raises(ApiError) as caught:
                client.clone(TARGET, b"no audio")
            assert caught.value.code == "undecodable_audio"
            assert caught.value.status == 422
            assert caught.value.param == "source_audio"
            assert caught.value.request_id
            messages.append(caught.value.message)
    assert messages[0].isascii()
    assert not messages[1].isascii()


def test_an_invalid_tau_is_the_servers_to_refuse(live_server: str) -> None:
    with Client(live_server) as client, pytest.raises(ApiError) as caught:
        client.clone(TARGET, SOURCE, tau=2.0)
    assert (caught.value.code, caught.value.param) == ("invalid_field", "tau")


def test_another_service_is_told_apart(live_server: str) -> None:
    with Client(live_server + "/static") as client, pytest.raises((UnexpectedAnswer, ApiError)):
        client.health()


def test_command(live_server: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "output.wav"
    files = ["--target", str(TARGET), "--source", str(LONG_SOURCE), "--output", str(output)]
    assert main(["clone", "--server", live_server, *files, "--tau", "1"]) == 0
    with wave.open(str(output)) as sound:
        assert sound.getnframes() == samples_at_22050(LONG_SOURCE)
    assert main(["clone", "--server", live_server, *files, "--tau", "7"]) == 1
    assert "invalid_field (tau)" in capsys.readouterr().err


@pytest.fixture
def unmarked_server(model_folder: Path) -> Iterator[str]:
    """The address of a server without the watermark, which live sessions do not have."""
    arguments = ("--model", str(model_folder), "--live-load", "100", "--marking", "none")
    with ServerProcess(*arguments) as server:
        yield server.wait_until_ready()


def test_a_live_session_is_what_one_request_answers(unmarked_server: str) -> None:
    speech, rate_hz = soundfile.read(SOURCE, dtype="int16")
    blocks = [speech[start : start + 800].tobytes() for start in range(0, len(speech), 800)]
    with Client(unmarked_server) as client:
        target, speaker = client.tone(TARGET), client.tone(SOURCE)
        expected, _ = pcm_of(client.clone(target, SOURCE, tau=1.0, seed=5).audio)
        with client.live(
            target, speaker=speaker, tau=1.0, seed=5, sample_rate=rate_hz, latency="exact"
        ) as session:
            found = b"".join(session.convert(blocks))
    assert len(found) == len(expected)
    difference = np.frombuffer(found, "<i2").astype(int) - np.frombuffer(expected, "<i2")
    assert np.abs(difference).max() <= 1
