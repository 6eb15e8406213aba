"""Evidence of the watermark, frame by frame, in clips of any length."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from runtime.arrays import Waveform
from runtime.marking.manifest import WatermarkManifest
from runtime.marking.subband import SubbandTransform
from runtime.sessions import Graph

WINDOW_FRAMES = 3000
"""Frames that a run of the decoder keeps: half a minute."""


@dataclass(frozen=True)
class Evidence:
    """What the decoder says of each frame of a clip or of a window of it.

    Attributes:
        weight: Weight of the frame's evidence, before a softmax over the tempos: [frames].
        evidence: Evidence that the frame is marked: [frames].
        level: Mean level of the frame: [frames].
    """

    weight: NDArray[np.float32]
    evidence: NDArray[np.float32]
    level: NDArray[np.float32]

    @classmethod
    def joined(cls, windows: Sequence["Evidence"]) -> "Evidence":
        """Join the windows of a clip."""
        rows = [(window.weight, window.evidence, window.level) for window in windows]
        empty = np.zeros((3, 0), np.float32)
        return cls(*np.concatenate([empty, *map(np.stack, rows)], 1))


def gather_evidence(
    blocks: Iterable[Waveform], decoder: Graph, manifest: WatermarkManifest
) -> Iterator[Evidence]:
    """Run the decoder over a clip, once a step.

    Args:
        blocks: Clip at the manifest's rate, in blocks of [samples].
        decoder: Graph that reads the watermark.
        manifest: Description of the watermark.

    Yields:
        Evidence of the next window; how the clip is cut into blocks does not change it.
    """
    context = manifest.context_frames
    levels = np.zeros((1, manifest.bins, 0), np.float32)
    before = 0
    for found, last in _levels(blocks, SubbandTransform(manifest)):
        levels = np.concatenate([levels, found], 2)
        after = 0 if last else context
        count = levels.shape[2] - before - after
        if count <= 0 or (count < WINDOW_FRAMES and not last):
            continue
        weight, evidence = decoder.run(level=levels)[0, :, before : before + count]
        yield Evidence(weight, evidence, levels[0].mean(0)[before : before + count])
        levels = levels[:, :, max(0, before + count - context) :]
        before = levels.shape[2] - after


def _levels(
    blocks: Iterable[Waveform], transform: SubbandTransform
) -> Iterator[tuple[NDArray[np.float32], bool]]:
    """Give the levels of frames as they arrive, and whether they are the last.

    Half a frame of zeros stands before the clip and after it, so that a frame's time is its middle.
    """
    half = np.zeros(transform.fft_samples // 2, np.float32)
    most = WINDOW_FRAMES * transform.hop_samples
    unread = half
    for whole in blocks:
        for start in range(0, len(whole), most):
            unread = np.concatenate([unread, whole[start : start + most]])
            if transform.count(len(unread)) < WINDOW_FRAMES:
                continue
            spectrum = transform.frames(unread)
            unread = unread[len(spectrum) * transform.hop_samples :]
            yield transform.levels(spectrum), False
    yield transform.levels(transform.frames(np.concatenate([unread, half]))), True
