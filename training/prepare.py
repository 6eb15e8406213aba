"""Speech to prepared clips: waveform, pitch and what a recogniser makes of it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from training.listener import FIRST_CENTRE_SECONDS, FRAME_SECONDS, Listener
from training.pitch import pitch_hz
from training.recordings import Recording
from training.speech import Clip, clips_in, split

LAYER = 3
"""The listener's layer whose features are clustered: later ones say little of single sounds."""
MEAN_FRAMES = 100
"""A clip's mean, which says who speaks, is taken off its features by frames / (frames + this)."""


def prepare(folders: Sequence[Path], output: Path) -> None:
    """Prepare every clip that may be trained on; what is prepared already stays.

    Args:
        folders: Folders of speech. The first is split by speaker; the others are used whole.
        output: Folder of the prepared clips.
    """
    output.mkdir(parents=True, exist_ok=True)
    clips = split(folders[0])[0] + [clip for folder in folders[1:] for clip in clips_in(folder)]
    listener = Listener()
    for clip in tqdm(clips, "clips"):
        path = output / f"{clip.path.stem}.npz"
        if not path.exists():
            prepared(clip, listener).save(path)


def prepared(clip: Clip, listener: Listener) -> Recording:
    """Prepare one clip.

    Args:
        clip: A file.
        listener: Encoder whose features are taken.

    Returns:
        The recording.
    """
    waveform = clip.read()
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
