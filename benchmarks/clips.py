"""Speech of any length, from the shipped samples, and as files of several kinds."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import soundfile
import soxr

from benchmarks.errors import BenchmarkError
from benchmarks.options import ROOT
from runtime import VoiceCloner, Waveform, wav

SAMPLES = ROOT / "samples"
TARGET = SAMPLES / "english-woman.flac"

_PAUSE_SECONDS = 0.2
_SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".opus", ".mp3"})


def of_length(cloner: VoiceCloner, seconds: float, first: int = 0) -> Waveform:
    """Join shipped clips, again and again, to a clip of some length.

    Args:
        cloner: decodes them.
        seconds: length of the result.
        first: which clip it begins with.

    Returns:
        [samples] at the model's rate.
    """
    files = _shipped()
    wanted = round(seconds * cloner.sample_rate_hz)
    pause = np.zeros(round(_PAUSE_SECONDS * cloner.sample_rate_hz), np.float32)
    once: list[Waveform] = []
    for index in range(len(files)):
        if sum(map(len, once)) >= wanted:
            break
        file = files[(first + index) % len(files)]
        once += [cloner.decode(file.read_bytes()), pause]
    return np.resize(np.concatenate(once), wanted)


def voices(cloner: VoiceCloner, seconds: float) -> list[Waveform]:
    """Give the beginning of every shipped clip, a voice each, [samples]."""
    samples = round(seconds * cloner.sample_rate_hz)
    return [cloner.decode(file.read_bytes())[:samples] for file in _shipped()]


def of_folder(cloner: VoiceCloner, folder: Path, seconds: float, count: int) -> list[Waveform]:
    """Give the beginnings of some clips of a folder, spread over it by name.

    Args:
        cloner: decodes them.
        folder: of audio files.
        seconds: of each.
        count: how many at most.

    Raises:
        BenchmarkError: there is none.
    """
    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in _SUFFIXES)
    if not files:
        raise BenchmarkError(f"{folder} holds no audio")
    samples = round(seconds * cloner.sample_rate_hz)
    chosen = files[:: max(1, len(files) // count)][:count]
    return [cloner.decode(file.read_bytes())[:samples] for file in chosen]


def _shipped() -> list[Path]:
    entries = json.loads((SAMPLES / "samples.json").read_text("utf-8"))
    return [SAMPLES / entry["file"] for entry in entries]


def target_bytes() -> bytes:
    """Read the clip whose voice is imitated."""
    return TARGET.read_bytes()


def wav_file(waveform: Waveform, from_hz: int, to_hz: int) -> bytes:
    """Make a WAV file at another rate.

    Args:
        waveform: [samples].
        from_hz: its rate.
        to_hz: the file's.
    """
    return wav.encode(resampled(waveform, from_hz, to_hz), to_hz)


def resampled(waveform: Waveform, from_hz: int, to_hz: int) -> Waveform:
    """Bring a clip to another rate, [samples]."""
    if from_hz == to_hz:
        return waveform
    found: Waveform = soxr.resample(waveform, from_hz, to_hz).astype(np.float32)
    return found


def encoded(waveform: Waveform, rate_hz: int, container: str, subtype: str) -> bytes:
    """Make an audio file in one of libsndfile's formats."""
    file = io.BytesIO()
    soundfile.write(file, waveform, rate_hz, format=container, subtype=subtype)
    return file.getvalue()


def write_long(path: Path, waveform: Waveform, rate_hz: int, seconds: float) -> None:
    """Write a WAV file of any length that says the same again and again.

    Args:
        path: of the file.
        waveform: what it says, [samples].
        rate_hz: its rate.
        seconds: length of the file.
    """
    once = wav.pcm16(waveform)
    left = round(seconds * rate_hz) * 2
    with path.open("wb") as file:
        file.write(wav.header(left // 2, rate_hz))
        while left:
            left -= file.write(once[:left])
