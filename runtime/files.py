"""Files of any length: read, converted and written block by block in constant memory."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from runtime import wav
from runtime.arrays import Tone, Waveform
from runtime.cloner import DEFAULT_TAU, DEFAULT_TEMPERATURE, VoiceCloner
from runtime.decode import AudioFile
from runtime.errors import AudioTooShort
from runtime.resample import resample_blocks
from runtime.source import FileSource

Progress = Callable[[float], None]
"""Called with the seconds of audio that were dealt with since the last call."""


@dataclass(frozen=True)
class EmbeddedFile:
    """What one pass over a file tells.

    Attributes:
        path: of the file.
        tone: embedding of its voice, [tone_dimension].
        samples: its length at the model's sample rate.
    """

    path: Path
    tone: Tone
    samples: int


def embed_file(
    cloner: VoiceCloner,
    path: Path,
    *,
    allow_silent: bool = False,
    minimum_seconds: float = 0.0,
    progress: Progress | None = None,
) -> EmbeddedFile:
    """Embed the voice in a file.

    Args:
        cloner: the model.
        path: of the file.
        allow_silent: embed a silent file as it is instead of refusing it.
        minimum_seconds: a shorter file is refused.
        progress: told of the audio read.

    Raises:
        AudioError: the file cannot be used.
        OSError: it cannot be read.
    """
    blocks = _read_blocks(cloner, path, progress)
    extraction = cloner.tone_extraction(blocks, allow_silent=allow_silent)
    tone = extraction.tone
    seconds = extraction.samples / cloner.sample_rate_hz
    if seconds < minimum_seconds:
        raise AudioTooShort(seconds, minimum_seconds)
    return EmbeddedFile(path, tone, extraction.samples)


def convert_file(
    cloner: VoiceCloner,
    source: EmbeddedFile,
    target_tone: Tone,
    output: Path,
    *,
    tau: float = DEFAULT_TAU,
    temperature: float = DEFAULT_TEMPERATURE,
    seed: int | None = None,
    progress: Progress | None = None,
) -> int:
    """Convert a file that was embedded before, and write the result as WAV.

    Args:
        cloner: the model.
        source: the speech to convert.
        target_tone: embedding of the voice to convert to, [tone_dimension].
        output: where the WAV goes; only a finished one replaces what is there.
        tau: how strongly the target is applied, 0 to 1.
        temperature: of the posterior's noise, 0 to 1.
        seed: of the noise, below 2^63; None draws a fresh one.
        progress: told of the audio written.

    Returns:
        The seed.

    Raises:
        AudioError: the source cannot be used.
        InvalidOption: an argument is wrong.
        OSError: a file cannot be read or written.
    """
    rate_hz = cloner.sample_rate_hz
    conversion = cloner.conversion(
        _read_blocks(cloner, source.path, None),
        source.tone,
        target_tone,
        tau=tau,
        temperature=temperature,
        seed=seed,
        samples=source.samples,
    )
    with _replacing(output) as file:
        file.write(wav.header(source.samples, rate_hz))
        for piece in conversion:
            file.write(wav.pcm16(piece))
            if progress:
                progress(len(piece) / rate_hz)
    return conversion.seed


def _read_blocks(cloner: VoiceCloner, path: Path, progress: Progress | None) -> Iterator[Waveform]:
    rate_hz = cloner.sample_rate_hz
    maximum_seconds = wav.MAXIMUM_SAMPLES / rate_hz
    with (
        path.open("rb", buffering=0) as file,
        AudioFile(FileSource(file), maximum_seconds=maximum_seconds) as audio,
    ):
        for block in resample_blocks(audio.blocks(), audio.sample_rate_hz, rate_hz):
            yield block
            if progress:
                progress(len(block) / rate_hz)


@contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a file to write that takes its place only once it is complete."""
    if path.exists() and not path.is_file():
        # a pipe or a device has no place to take
        with path.open("wb") as file:
            yield file
        return
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path.parent))
    partial = path.with_name(f".{path.name}.part")
    try:
        with partial.open("wb") as file:
            yield file
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
