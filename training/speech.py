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


@dataclass(frozen=True)
class Clip:
    """One file of a folder laid out as LibriSpeech names its utterances."""

    path: Path

    @property
    def speaker(self) -> str:
        """The first part of `speaker-chapter-utterance.flac`."""
        return self.path.stem.split("-")[0]

    def read(self, rate: float = 1.0) -> NDArray[np.float32]:
        """Args:
            rate: playback rate; above 1 pitch, formants and tempo are higher.

        Returns:
            Mono waveform at 22050 Hz, [samples].
        """
        samples, sample_rate_hz = soundfile.read(self.path, dtype="float32", always_2d=True)
        return np.asarray(
            soxr.resample(samples.mean(axis=1), sample_rate_hz * rate, SAMPLE_RATE_HZ), np.float32
        )


def split(folder: Path) -> tuple[list[Clip], list[Clip]]:
    """Args:
        folder: audio files named `speaker-...`.

    Returns:
        Clips to train on and clips of speakers to hold out, in order of file name.

    Raises:
        FileNotFoundError: the folder holds no FLAC or WAV file.
    """
    paths = sorted(p for p in folder.iterdir() if p.suffix.lower() in (".flac", ".wav"))
    if not paths:
        raise FileNotFoundError(f"{folder} holds no .flac or .wav file")
    speakers = sorted({Clip(path).speaker for path in paths})
    held_out = set(speakers[::HELD_OUT_EVERY])
    clips = [Clip(path) for path in paths]
    return (
        [clip for clip in clips if clip.speaker not in held_out],
        [clip for clip in clips if clip.speaker in held_out],
    )
