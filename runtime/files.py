"""Conversion of files of any length, block by block in constant memory."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from runtime import wav
from runtime.arrays import Tone, Waveform
from runtime.cloner import VoiceCloner
from runtime.decode import open_audio
from runtime.encoding import Encoding, open_encoder
from runtime.errors import AudioTooShort
from runtime.marking.conversion import MarkedConversion
from runtime.marking.label import Label
from runtime.marking.labelling import with_label
from runtime.marking.writer import WatermarkWriter
from runtime.options import DEFAULT_TAU, DEFAULT_TEMPERATURE
from runtime.resample import resample_blocks
from runtime.source import FileSource

Progress = Callable[[float], None]
"""Function that is called with the seconds of audio processed since its last call."""


@dataclass(frozen=True)
class EmbeddedFile:
    """A file whose voice has been embedded.

    Attributes:
        path: Path of the file.
        tone: Embedding of its voice, [tone_dimension].
        samples: Length at the model's sample rate.
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
        cloner: Loaded model.
        path: Path of the file.
        allow_silent: Whether a silent file is embedded as it is instead of being refused.
        minimum_seconds: Length below which the file is refused.
        progress: Function that is told of the audio read.

    Raises:
        AudioError: The file cannot be used.
        OSError: The file cannot be read.
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
    writer: WatermarkWriter | None = None,
    label: Label | None = None,
    progress: Progress | None = None,
) -> int:
    """Convert a file whose voice has been embedded, and write the result as WAV.

    Args:
        cloner: Loaded model.
        source: Speech to convert.
        target_tone: Embedding of the voice to convert to, [tone_dimension].
        output: Path of the WAV file; an existing file is replaced only by a finished one.
        tau: Strength with which the target's voice is applied, 0 to 1.
        temperature: Scale of the posterior's noise, 0 to 1; 0 draws none.
        seed: Seed of the noise, below 2^63; None draws a fresh one.
        writer: Writer of the watermark; without it, the audio has none.
        label: Label to write into the file's metadata; without it, it has none.
        progress: Function that is told of the audio written.

    Returns:
        Seed that the noise was drawn from.

    Raises:
        AudioError: The source cannot be used.
        InvalidOption: An argument is wrong.
        OSError: A file cannot be read or written.
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
    pieces = conversion if writer is None else MarkedConversion(conversion, writer)
    encoder = open_encoder(Encoding.choose("wav", rate_hz), source.samples, rate_hz)
    if label is not None:
        encoder = with_label(encoder, "wav", label)
    with _replacing(output) as file:
        for piece in pieces:
            file.write(encoder.encode(piece))
            if progress:
                progress(len(piece) / rate_hz)
        file.write(encoder.finish())
    return conversion.seed


def _read_blocks(cloner: VoiceCloner, path: Path, progress: Progress | None) -> Iterator[Waveform]:
    rate_hz = cloner.sample_rate_hz
    maximum_seconds = wav.MAXIMUM_SAMPLES / rate_hz
    with (
        path.open("rb", buffering=0) as file,
        open_audio(FileSource(file), maximum_seconds=maximum_seconds) as audio,
    ):
        for block in resample_blocks(audio.blocks(), audio.sample_rate_hz, rate_hz):
            yield block
            if progress:
                progress(len(block) / rate_hz)


@contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a file for writing that replaces an existing one only once it is complete."""
    if path.exists() and not path.is_file():
        # a pipe or a device cannot be replaced
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
