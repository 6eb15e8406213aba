"""Clips of the shipped samples or of a folder: cut, joined to any length, and encoded as files."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import soundfile
import soxr

from benchmarks.errors import BenchmarkError
from export.calibration_speech import SAMPLES, SUFFIXES
from runtime import VoiceCloner, Waveform, wav

TARGET = SAMPLES / "english-woman.flac"

_PAUSE_SECONDS = 0.2


def of_length(cloner: VoiceCloner, seconds: float, first: int = 0) -> Waveform:
    """Join shipped clips, repeated as needed, to a clip of a given length.

    Args:
        cloner: Model that decodes them.
        seconds: Length of the result.
        first: Index of the clip that it begins with.

    Returns:
        The clip at the model's rate, [samples].
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
    """Decode the beginning of every shipped clip, each of another voice.

    Args:
        cloner: Model that decodes them.
        seconds: Longest clip to return.

    Returns:
        The clips at the model's rate, [samples] each.
    """
    samples = round(seconds * cloner.sample_rate_hz)
    return [cloner.decode(file.read_bytes())[:samples] for file in _shipped()]


def of_folder(cloner: VoiceCloner, folder: Path, seconds: float, count: int) -> list[Waveform]:
    """Decode the beginnings of some clips of a folder, evenly spread by name.

    Args:
        cloner: Model that decodes them.
        folder: Folder of audio files.
        seconds: Longest clip to return.
        count: Most clips to return.

    Returns:
        The clips at the model's rate, [samples] each.

    Raises:
        BenchmarkError: The folder holds no audio.
    """
    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES)
    if not files:
        raise BenchmarkError(f"{folder} holds no audio")
    samples = round(seconds * cloner.sample_rate_hz)
    chosen = files[:: max(1, len(files) // count)][:count]
    return [cloner.decode(file.read_bytes())[:samples] for file in chosen]


def _shipped() -> list[Path]:
    entries = json.loads((SAMPLES / "samples.json").read_text("utf-8"))
    return [SAMPLES / entry["file"] for entry in entries]


def target_bytes() -> bytes:
    """Read the file of the voice that benchmarks convert to."""
    return TARGET.read_bytes()


def wav_file(waveform: Waveform, from_hz: int, to_hz: int) -> bytes:
    """Encode a clip as a WAV file at another rate.

    Args:
        waveform: The clip, [samples].
        from_hz: Sample rate of the clip.
        to_hz: Sample rate of the file.

    Returns:
        The file's bytes.
    """
    return wav.encode(resampled(waveform, from_hz, to_hz), to_hz)


def resampled(waveform: Waveform, from_hz: int, to_hz: int) -> Waveform:
    """Resample a clip.

    Args:
        waveform: The clip, [samples].
        from_hz: Sample rate of the clip.
        to_hz: Sample rate of the result.

    Returns:
        The clip at the new rate, [samples].
    """
    if from_hz == to_hz:
        return waveform
    found: Waveform = soxr.resample(waveform, from_hz, to_hz).astype(np.float32)
    return found


def encoded(waveform: Waveform, rate_hz: int, container: str, subtype: str) -> bytes:
    """Encode a clip in one of libsndfile's formats.

    Args:
        waveform: The clip, [samples] or [samples, channels].
        rate_hz: Sample rate of the clip.
        container: Name of the format, such as `FLAC`.
        subtype: Name of the encoding, such as `PCM_16`.

    Returns:
        The file's bytes.
    """
    file = io.BytesIO()
    soundfile.write(file, waveform, rate_hz, format=container, subtype=subtype)
    return file.getvalue()


def write_long(path: Path, waveform: Waveform, rate_hz: int, seconds: float) -> None:
    """Write a WAV file that repeats a clip up to a given length.

    Args:
        path: Path of the file.
        waveform: The clip, [samples].
        rate_hz: Sample rate of the clip.
        seconds: Length of the file.
    """
    once = wav.pcm16(waveform)
    left = round(seconds * rate_hz) * 2
    with path.open("wb") as file:
        file.write(wav.header(left // 2, rate_hz))
        while left:
            left -= file.write(once[:left])
