"""Inputs of the converter made from recorded speech, to calibrate with and to judge by."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from export.errors import CalibrationError
from runtime import OpenVoiceError, Tone, VoiceCloner, Waveform
from runtime.errors import SilentAudio
from runtime.interface import Inputs, converter_inputs
from runtime.spectrogram import SpectrogramTransform

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
SUFFIXES = (".wav", ".flac", ".ogg", ".opus", ".mp3")
# One recording in so many is kept from calibration, to judge by.
UNSEEN_SHARE = 3
MOST_CLIPS = 24
CLIP_SECONDS = 2.0


@dataclass(frozen=True)
class Speech:
    """Inputs of the converter by name, a dictionary a clip.

    Attributes:
        seen: Clips to calibrate with.
        unseen: Clips to judge by.
    """

    seen: tuple[Inputs, ...]
    unseen: tuple[Inputs, ...]


def find_recordings(folder: Path) -> list[Path]:
    """List the recordings of a folder and its subfolders.

    Args:
        folder: The folder.

    Returns:
        Audio files by name; where there are very many, evenly spread ones among them.

    Raises:
        CalibrationError: There are too few.
    """
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if len(files) < UNSEEN_SHARE:
        raise CalibrationError(
            f"{folder} holds {len(files)} recordings ({', '.join(SUFFIXES)}); "
            f"{UNSEEN_SHARE} are needed, and dozens are better"
        )
    return files[:: -(-len(files) // MOST_CLIPS)]


def read_speech(
    recordings: Sequence[Path], cloner: VoiceCloner, clip_seconds: float = CLIP_SECONDS
) -> Speech:
    """Make inputs that convert a clip of each recording into the voice of the next one.

    Args:
        recordings: Audio files; a clip is taken from the middle of each.
        cloner: The model, in float32.
        clip_seconds: Longest clip to take.

    Returns:
        The inputs; a third of the recordings is kept unseen.

    Raises:
        CalibrationError: A recording is silent or cannot be decoded.
    """
    voices = [_read_voice(path, cloner, clip_seconds) for path in recordings]
    transform = SpectrogramTransform.of(cloner.manifest)
    clips = [
        converter_inputs(
            cloner.manifest, transform(clip), tone, voices[(index + 1) % len(voices)][1], index
        )
        for index, (clip, tone) in enumerate(voices)
    ]
    unseen = clips[UNSEEN_SHARE - 1 :: UNSEEN_SHARE]
    seen = [clip for index, clip in enumerate(clips) if (index + 1) % UNSEEN_SHARE]
    return Speech(tuple(seen), tuple(unseen))


def _read_voice(path: Path, cloner: VoiceCloner, clip_seconds: float) -> tuple[Waveform, Tone]:
    """Cut a clip from the middle of a recording and embed its voice."""
    try:
        waveform = cloner.decode(path.read_bytes())
        length = min(len(waveform), round(clip_seconds * cloner.sample_rate_hz))
        length -= length % cloner.manifest.hop_samples
        start = (len(waveform) - length) // 2
        clip = waveform[start : start + length]
        return clip, cloner.tone(clip)
    except SilentAudio as error:
        raise CalibrationError(f"{path} is silent in the middle") from error
    except OpenVoiceError as error:
        raise CalibrationError(f"{path}: {error}") from error
