"""Inputs of the converter made from recorded speech: to calibrate with, and to judge by."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from export.errors import CalibrationError
from runtime import OpenVoiceError, Tone, VoiceCloner, Waveform
from runtime.errors import SilentAudio
from runtime.noise import draw_noise
from runtime.spectrogram import SpectrogramTransform

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
SUFFIXES = (".wav", ".flac", ".ogg", ".opus", ".mp3")
# One file in so many is kept from calibration, to judge by.
UNSEEN_SHARE = 3
MOST_CLIPS = 24
CLIP_SECONDS = 2.0
TEMPERATURE = 0.3

Feeds = dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Speech:
    """The converter's inputs by name, a dictionary a clip.

    Attributes:
        seen: what calibration may look at.
        unseen: what it may not.
    """

    seen: tuple[Feeds, ...]
    unseen: tuple[Feeds, ...]


def find_recordings(folder: Path) -> list[Path]:
    """Lists a folder's recordings, evenly thinned out where there are very many.

    Args:
        folder: searched with its subfolders.

    Returns:
        Audio files, in the order of their names.

    Raises:
        CalibrationError: there are too few.
    """
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if len(files) < UNSEEN_SHARE:
        raise CalibrationError(
            f"{folder} holds {len(files)} recordings ({', '.join(SUFFIXES)}); "
            f"{UNSEEN_SHARE} are needed, and dozens are better"
        )
    return files[:: -(-len(files) // MOST_CLIPS)]


def read_speech(recordings: Sequence[Path], cloner: VoiceCloner) -> Speech:
    """Makes inputs of recordings, each to be converted into the next one's voice.

    Args:
        recordings: audio files; a clip is taken from the middle of each.
        cloner: the model, in float32.

    Returns:
        The inputs; a third of the recordings is kept unseen.

    Raises:
        CalibrationError: one is no speech.
    """
    voices = [_read_voice(path, cloner) for path in recordings]
    feeds = [
        _feeds(cloner, clip, tone, voices[(index + 1) % len(voices)][1], index)
        for index, (clip, tone) in enumerate(voices)
    ]
    unseen = feeds[UNSEEN_SHARE - 1 :: UNSEEN_SHARE]
    seen = [clip for index, clip in enumerate(feeds) if (index + 1) % UNSEEN_SHARE]
    return Speech(tuple(seen), tuple(unseen))


def _read_voice(path: Path, cloner: VoiceCloner) -> tuple[Waveform, Tone]:
    """Cuts a clip from a recording's middle and embeds its voice."""
    try:
        waveform = cloner.decode(path.read_bytes())
        length = min(len(waveform), round(CLIP_SECONDS * cloner.sample_rate_hz))
        length -= length % cloner.manifest.hop_samples
        start = (len(waveform) - length) // 2
        clip = waveform[start : start + length]
        return clip, cloner.tone(clip)
    except SilentAudio as error:
        raise CalibrationError(f"{path} is silent in its middle") from error
    except OpenVoiceError as error:
        raise CalibrationError(f"{path}: {error}") from error


def _feeds(cloner: VoiceCloner, clip: Waveform, source: Tone, target: Tone, seed: int) -> Feeds:
    """Makes the converter's inputs for one clip."""
    spectrogram = SpectrogramTransform.of(cloner.manifest)(clip)
    latent = cloner.manifest.latent_channels
    noise = draw_noise(seed, latent, 0, spectrogram.shape[1], TEMPERATURE)
    return {
        "spectrogram": spectrogram[np.newaxis],
        "source_tone": source[np.newaxis, :, np.newaxis],
        "target_tone": target[np.newaxis, :, np.newaxis],
        "noise": noise[np.newaxis],
    }
