"""A folder of speech, one speaker a clip, and its split into trained-on and held-out speakers."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

SAMPLE_RATE_HZ = 22050
HELD_OUT_EVERY = 8
"""Every eighth speaker, in order of file name, is never trained on."""
SUFFIXES = (".flac", ".wav", ".mp3")


@dataclass(frozen=True)
class Clip:
    """One file of a folder laid out as LibriSpeech names its utterances.

    Attributes:
        path: The file.
    """

    path: Path

    @property
    def speaker(self) -> str:
        """The first part of `speaker-chapter-utterance.flac`."""
        return self.path.stem.split("-")[0]

    def read(self, rate: float = 1.0) -> NDArray[np.float32]:
        """Read the clip as mono.

        Args:
            rate: Playback rate; above 1 pitch, formants and tempo are higher.

        Returns:
            Waveform at 22050 Hz, [samples].
        """
        samples, sample_rate_hz = soundfile.read(self.path, dtype="float32", always_2d=True)
        return np.asarray(
            soxr.resample(samples.mean(axis=1), sample_rate_hz * rate, SAMPLE_RATE_HZ), np.float32
        )


def clips_in(folder: Path) -> list[Clip]:
    """List the audio files of a folder in order of name.

    Raises:
        FileNotFoundError: The folder holds no audio file.
    """
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    if not paths:
        raise FileNotFoundError(f"{folder} holds no file ending in {', '.join(SUFFIXES)}")
    return [Clip(path) for path in paths]


def split(folder: Path) -> tuple[list[Clip], list[Clip]]:
    """Split a folder by speaker.

    Args:
        folder: Audio files named `speaker-...`.

    Returns:
        Clips to train on and clips of speakers to hold out, in order of file name.

    Raises:
        FileNotFoundError: The folder holds no audio file.
    """
    clips = clips_in(folder)
    held_out = set(sorted({clip.speaker for clip in clips})[::HELD_OUT_EVERY])
    return (
        [clip for clip in clips if clip.speaker not in held_out],
        [clip for clip in clips if clip.speaker in held_out],
    )
