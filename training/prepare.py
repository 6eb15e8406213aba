"""Speech to prepared clips: waveform, pitch and what a recogniser makes of it."""

from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from training.listener import FIRST_CENTRE_SECONDS, FRAME_SECONDS, Listener
from training.pitch import pitch_hz
from training.recordings import PACED, Recording
from training.speech import Clip, clips_in, split

LAYER = 3
"""The listener's layer whose features are clustered: later ones say little of single sounds."""
MEAN_FRAMES = 100
"""A clip's mean, which says who speaks, is taken off its features by frames / (frames + this)."""
PACES = (1.0, 0.89, 1.12)
"""Clips of the first folder are played at these rates: as if by other vocal tracts and pitches."""


def prepare(folders: Sequence[Path], output: Path) -> None:
    """Prepare every clip that may be trained on; what is prepared already stays.

    Args:
        folders: Folders of speech. The first is split by speaker; the others are used whole.
        output: Folder of the prepared clips.
    """
    output.mkdir(parents=True, exist_ok=True)
    read = split(folders[0])[0]
    others = [clip for folder in folders[1:] for clip in clips_in(folder)]
    listener = Listener()
    paced = [*product(PACES, read), *((1.0, clip) for clip in others)]
    for pace, clip in tqdm(paced, "clips"):
        name = clip.path.stem if pace == 1.0 else f"{clip.path.stem}{PACED}{pace}"
        path = output / f"{name}.npz"
        if not path.exists():
            prepared(clip, listener, pace).save(path)


def prepared(clip: Clip, listener: Listener, pace: float = 1.0) -> Recording:
    """Prepare one clip.

    Args:
        clip: A file.
        listener: Encoder whose features are taken.
        pace: Playback rate.

    Returns:
        The recording.
    """
    waveform = clip.read(pace)
    with torch.inference_mode():
        features = listener(torch.from_numpy(waveform)[None])[LAYER][0].numpy()
    features = features - features.mean(0) * (len(features) / (len(features) + MEAN_FRAMES))
    return Recording(
        np.round(np.clip(waveform, -1, 1) * 32767).astype(np.int16),
        features.astype(np.float16),
        pitch_hz(waveform).astype(np.float32),
        FRAME_SECONDS,
        FIRST_CENTRE_SECONDS,
    )
