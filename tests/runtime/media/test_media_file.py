from __future__ import annotations

import os
import struct
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from runtime.decode import decode_audio, open_audio
from runtime.errors import AudioError, AudioTooLong, AudioTooShort, UndecodableAudio
from runtime.media import media_file as module
from runtime.media.media_file import demuxer_of, is_available
from runtime.source import FileSource, MemorySource
from tests.audio import voice
from tests.runtime.media.files import KINDS, LENGTH_SLACK_SECONDS, Kind, media_file

M4A = media_file(KINDS["m4a"])
WEBM = media_file(KINDS["webm"])
SHORT = {name: media_file(kind, 0.4) for name, kind in KINDS.items()}

MUTATIONS = int(os.environ.get("MUTATIONS", "24"))
"""Damaged files that are tried; MUTATIONS=2000 takes minutes."""


def reason(data: bytes) -> str:
    with pytest.raises(UndecodableAudio) as caught:
        decode_audio(data, 16000)
    return str(caught.value.facts["reason"])


def correlation(one: np.ndarray, other: np.ndarray) -> float:
    length = min(len(one), len(other))
    return float(np.corrcoef(one[:length], other[:length])[0, 1])


@pytest.mark.parametrize("name", KINDS)
def test_sound_is_read_as_it_was(name: str) -> None:
    kind, seconds = KINDS[name], 2.013
    found = decode_audio(media_file(kind, seconds), kind.rate_hz)
    slack = LENGTH_SLACK_SECONDS.get(name, 0.0) * kind.rate_hz
    expected = voice(seconds, kind.rate_hz)
    assert len(expected) <= len(found) <= len(expected) + slack
    if name == "fragmented mp4" or name == "aac":
        # which begin with the encoder's delay
        found = found[len(found) - len(expected) - round(slack) // 2 :]
        spectra = [np.abs(np.fft.rfft(each[: len(expected)], 32768)) for each in (found, expected)]
        assert np.corrcoef(spectra)[0, 1] > 0.9
    else:
        assert correlation(found, expected) > 0.98


def test_channels_are_averaged() -> None:
    file = media_file(Kind("ipod", "alac", 16000), waveform=voice(0.5, 16000))
    with open_audio(MemorySource(file), maximum_seconds=10) as audio:
        assert (audio.channels, audio.sample_rate_hz) == (1, 16000)
        found = np.concatenate(list(audio.blocks()))
    np.testing.assert_allclose(found, voice(0.5, 16000), atol=1e-4)
    assert audio.decoded_seconds == 0.5


def test_a_file_on_disk_is_read_where_it_lies(tmp_path: Path) -> None:
    path = tmp_path / "clip"
    path.write_bytes(M4A)
    with (
        path.open("rb", buffering=0) as opened,
        open_audio(FileSource(opened), maximum_seconds=10) as audio,
    ):
        found = np.concatenate(list(audio.blocks()))
    np.testing.assert_array_equal(found, decode_audio(M4A, 16000))


@pytest.mark.parametrize(
    ("head", "demuxer"),
    [
        (M4A[:12], "mp4"),
        (WEBM[:12], "matroska"),
        (SHORT["aac"][:12], "aac"),
        (b"\xff\xfb\x90\xc4", None),
        (b"RIFF....WAVE", None),
        (b"", None),
        (b"\xff", None),
    ],
)
def test_the_demuxer_is_told_by_content(head: bytes, demuxer: str | None) -> None:
    assert demuxer_of(head) == demuxer


def test_without_pyav_the_message_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "is_available", lambda: False)
    assert is_available()
    with pytest.raises(UndecodableAudio, match="extra `formats`") as caught:
        decode_audio(M4A, 16000)
    assert caught.value.facts == {"reason": "formats_not_installed"}


def test_only_the_first_sound_track_is_read() -> None:
    many = media_file(Kind("mp4", "aac", tracks=30), 0.5)
    np.testing.assert_array_equal(
        decode_audio(many, 16000), decode_audio(media_file(Kind("mp4", "aac"), 0.5), 16000)
    )


def test_pictures_alone_are_no_sound() -> None:
    assert reason(media_file(Kind("mp4", None))) == "no_audio_track"
    assert reason(media_file(Kind("webm", None))) == "no_audio_track"


@pytest.mark.parametrize("codec", ["pcm_s16le", "ac3", "mp2"])
def test_other_codecs_are_refused(codec: str) -> None:
    assert reason(media_file(Kind("matroska", codec, 48000))) == "unknown_codec"


@pytest.mark.parametrize(
    ("container", "codec"), [("avi", "mp2"), ("mpegts", "mp2"), ("caf", "alac")]
)
def test_other_containers_are_refused(container: str, codec: str) -> None:
    assert reason(media_file(Kind(container, codec, 48000))) == "unknown_format"


def test_limits_of_length() -> None:
    with pytest.raises(AudioTooLong) as announced:
        decode_audio(M4A, 16000, maximum_seconds=0.9)
    assert announced.value.facts["seconds"] == 1.0
    with pytest.raises(AudioTooLong) as decoded:
        decode_audio(SHORT["aac"], 16000, maximum_seconds=0.2)
    assert decoded.value.facts["maximum_seconds"] == 0.2
    with pytest.raises(AudioTooShort):
        decode_audio(M4A, 16000, minimum_seconds=1.5)


def box(name: bytes, *content: bytes) -> bytes:
    data = b"".join(content)
    return struct.pack(">I4s", 8 + len(data), name) + data


def replaced(data: bytes, name: bytes, offset: int, value: bytes) -> bytes:
    """Write over the content of the first box of a name."""
    at = data.index(name) + 4 + offset
    return data[:at] + value + data[at + len(value) :]


HUGE = struct.pack(">I", 0x7FFF_FFFF)
HOSTILE = {
    "only ftyp": box(b"ftyp", b"M4A ", bytes(4)),
    "an empty moov": box(b"ftyp", b"M4A ", bytes(4)) + box(b"moov"),
    "no samples": replaced(M4A, b"stsz", 8, bytes(4)),
    "two billion samples of one size": replaced(M4A, b"stsz", 4, struct.pack(">I", 1) + HUGE),
    "two billion samples in a table": replaced(M4A, b"stsz", 8, HUGE),
    "two billion times": replaced(M4A, b"stts", 4, HUGE),
    "two billion samples of a time": replaced(M4A, b"stts", 8, HUGE),
    "two billion samples a chunk": replaced(M4A, b"stsc", 12, HUGE),
    "two billion chunks": replaced(M4A, b"stco", 4, HUGE),
    "chunks far outside": replaced(M4A, b"stco", 8, HUGE),
    "a timescale of 0": replaced(M4A, b"mdhd", 12, bytes(4)),
    "a timescale of two billion": replaced(M4A, b"mdhd", 12, HUGE),
    "a duration of weeks": replaced(M4A, b"mdhd", 16, HUGE),
    "an edit of weeks": replaced(M4A, b"elst", 8, HUGE),
    "an edit from far on": replaced(M4A, b"elst", 12, HUGE),
    "two billion edits": replaced(M4A, b"elst", 4, HUGE),
    "encrypted": M4A.replace(b"mp4a", b"enca"),
    "a box that holds itself": replaced(M4A, b"mdia", -8, struct.pack(">I", 16)),
    "a box of 2^63 bytes": replaced(M4A, b"mdia", -8, struct.pack(">I", 1)),
    "two billion samples in a fragment": replaced(SHORT["fragmented mp4"], b"trun", 4, HUGE),
    "a fragment of equal samples": replaced(
        SHORT["fragmented mp4"], b"trun", 0, struct.pack(">II", 0, 0x7FFF_FFFF)
    ),
    "another file's address": M4A.replace(b"url \0\0\0\1", b"url \0\0\0\0", 1),
    "only an EBML head": WEBM[:40],
    "EBML of 2^56 bytes": WEBM[:4] + b"\x01" + b"\xff" * 7 + WEBM[12:],
    "half an m4a": M4A[: len(M4A) // 2],
    "half a webm": WEBM[: len(WEBM) // 2],
    "zeros": M4A[:40] + bytes(10_000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_do_no_harm(name: str) -> None:
    try:
        found = decode_audio(HOSTILE[name], 16000, maximum_seconds=5)
    except AudioError:
        return
    assert 0 < len(found) <= 5 * 16000
    assert np.isfinite(found).all()


def test_what_was_announced_and_is_missing_is_told() -> None:
    whole = media_file(KINDS["m4a"], 4.0)
    moov = whole.index(b"moov") - 4
    # the index stands at the end: sound cut out of the middle shifts it all
    assert reason(whole[: moov // 2] + whole[moov:]) in ("truncated", "corrupt")


def test_the_worker_s_memory_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(decode_audio(M4A, 16000)) == 16000
    monkeypatch.setattr(module, "_WORKER_BYTES", 48 * 1024 * 1024)
    assert reason(M4A) == "corrupt"


def test_the_worker_s_time_is_limited(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    worker = tmp_path / "worker.py"
    text = module._WORKER.read_text("utf-8")
    worker.write_text(
        text.replace("CPU_SECONDS = 10", "CPU_SECONDS = 1")
        .replace("SLOWEST_SPEED = 20", "SLOWEST_SPEED = 10**9")
        .replace("    ending = {}\n", "    while True: pass\n    ending = {}\n"),
        "utf-8",
    )
    monkeypatch.setattr(module, "_WORKER", worker)
    assert reason(M4A) == "corrupt"


def test_the_worker_sees_no_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    worker = tmp_path / "worker.py"
    seen = tmp_path / "seen"
    worker.write_text(f"import os\nopen({str(seen)!r}, 'w').write('\\n'.join(os.environ))\n")
    monkeypatch.setattr(module, "_WORKER", worker)
    monkeypatch.setenv("OPENVOICE_API_KEY", "secret")
    assert reason(M4A) == "corrupt"
    assert "OPENVOICE_API_KEY" not in seen.read_text()
    assert "PATH" in seen.read_text()


def test_no_worker_outlives_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    original = module._start

    def start(*arguments: object) -> object:
        started.append(original(*arguments))  # type: ignore[arg-type]
        return started[-1]

    monkeypatch.setattr(module, "_start", start)
    with open_audio(MemorySource(M4A), maximum_seconds=10) as audio:
        next(audio.blocks())
    with pytest.raises(AudioTooLong):
        decode_audio(M4A, 16000, maximum_seconds=0.1)
    assert [process.poll() is not None for process in started] == [True, True]


def mutated(seed: int) -> bytes:
    """Damage one of the kinds: bytes, 32-bit fields, order or length."""
    generator = np.random.default_rng(seed)
    data = bytearray(SHORT[list(KINDS)[seed % len(KINDS)]])
    for _ in range(generator.integers(1, 12)):
        # headers stand at the beginning or the end
        near = generator.choice([0, len(data) - 2000, 0, 0]) if len(data) > 4000 else 0
        span = min(2000, len(data)) if generator.random() < 0.7 else len(data)
        at = int(np.clip(near + generator.integers(span), 0, len(data) - 5))
        match generator.integers(5):
            case 0:
                data[at] = generator.integers(256)
            case 1:
                data[at] ^= 1 << int(generator.integers(8))
            case 2:
                values = (0, 1, 0x7FFF_FFFF, 0xFFFF_FFFF, 0x8000_0000, len(data))
                data[at : at + 4] = struct.pack(">I", int(generator.choice(values)))
            case 3:
                end = at + int(generator.integers(1, 64))
                data[at:end] = data[at:end] * int(generator.integers(2, 5))
            case _:
                del data[at : at + int(generator.integers(1, 64))]
    if generator.random() < 0.1:
        del data[int(generator.integers(len(data))) :]
    return bytes(data)


def test_damage_never_surprises() -> None:
    outcomes: Counter[str] = Counter()
    for seed in range(MUTATIONS):
        try:
            found = decode_audio(mutated(seed), 16000, maximum_seconds=30)
        except AudioError as error:
            outcomes[str(error.facts.get("reason", error.code))] += 1
            continue
        outcomes["decoded"] += 1
        assert 0 < len(found) <= 30 * 16000, seed
        assert np.isfinite(found).all(), seed
    # some damage is harmless, and some is not
    assert min(outcomes["decoded"], outcomes["corrupt"]) > MUTATIONS / 10, outcomes
