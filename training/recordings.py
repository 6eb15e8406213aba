"""Random aligned crops of the prepared recordings, a batch at a time."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.channel import noisy
from training.speech import SAMPLE_RATE_HZ

HOP_SAMPLES = 256
PITCH_STEP_SECONDS = 0.01
MARGIN_SAMPLES = 384
"""Real samples to each side of a crop, where a whole clip would be reflected."""
NOISE_DB = (12.0, 35.0)
"""Least and greatest signal-to-noise ratio of what is heard with noise."""


@dataclass(frozen=True)
class Recording:
    """One waveform of the prepared set."""

    speaker: str
    rate: float
    voice: int
    """0 is the recording itself; the others say the same at the same moments in another voice."""
    start: int
    samples: int
    pitch_start: int
    pitch_frames: int
    log_f0_mean: float
    log_f0_spread: float


@dataclass(frozen=True)
class Batch:
    """Items say the same in `source` and `target`; where the recording is one, they are equal.

    Noise, where there is any, is in sources and references; targets are as they were recorded.
    Waveforms are [batch, frames * 256 + 768]; the margins belong to the spectrogram alone.
    """

    source: Tensor
    target: Tensor
    source_reference: Tensor
    target_reference: Tensor
    source_teacher: Tensor
    target_teacher: Tensor
    source_log_f0: Tensor
    target_log_f0: Tensor
    contour_hz: Tensor
    """F0 of the target at the frames' centres, 0 where unvoiced, [batch, 1, frames]."""


class Recordings:
    """The prepared set in memory."""

    def __init__(self, folder: Path, seed: int) -> None:
        """Args:
        folder: what `prepare` wrote.
        seed: of every random choice.
        """
        self.waveforms: NDArray[np.int16] = np.load(folder / "waveforms.npy")
        self.pitch: NDArray[np.float32] = np.load(folder / "pitch.npy")
        self.teacher: NDArray[np.float32] = np.load(folder / "teacher.npy")
        rows = json.loads((folder / "recordings.json").read_text())
        self.rows = [Recording(**row) for row in rows]
        groups: dict[tuple[str, float, int], list[int]] = {}
        for index, row in enumerate(self.rows):
            groups.setdefault((row.speaker, row.rate, row.samples), []).append(index)
        self.groups = list(groups.values())
        self.weights = np.array([self.rows[g[0]].samples for g in self.groups], np.float64)
        self.weights /= self.weights.sum()
        self.random = np.random.default_rng(seed)

    def _cut(self, row: Recording, first: int, samples: int) -> NDArray[np.float32]:
        cut = np.zeros(samples + 2 * MARGIN_SAMPLES, np.float32)
        low, high = first - MARGIN_SAMPLES, first + samples + MARGIN_SAMPLES
        inside_low, inside_high = max(low, 0), min(high, row.samples)
        piece = self.waveforms[row.start + inside_low : row.start + inside_high]
        cut[inside_low - low : inside_low - low + len(piece)] = piece
        return cut / np.float32(32768)

    def _contour(self, row: Recording, first: int, frames: int) -> NDArray[np.float32]:
        pitch_hz = self.pitch[row.pitch_start : row.pitch_start + row.pitch_frames]
        seconds = row.samples / SAMPLE_RATE_HZ
        begins = (seconds - (row.pitch_frames - 1) * PITCH_STEP_SECONDS) / 2
        centres = (first + HOP_SAMPLES * (np.arange(frames) + 0.5)) / SAMPLE_RATE_HZ
        position = (centres - begins) / PITCH_STEP_SECONDS
        nearest = np.clip(np.round(position), 0, row.pitch_frames - 1).astype(int)
        voiced = pitch_hz > 0
        if not voiced.any():
            return np.zeros(frames, np.float32)
        steps = np.flatnonzero(voiced)
        smooth_hz = np.exp(np.interp(position, steps, np.log(pitch_hz[steps])))
        return np.where(voiced[nearest], smooth_hz, 0.0).astype(np.float32)

    def _first(self, row: Recording, samples: int) -> int:
        return int(self.random.integers(0, max(1, row.samples - samples)))

    def _pair(self, group: list[int], identity_share: float) -> tuple[int, int]:
        natural, others = group[0], group[1:]
        if self.random.random() < identity_share:
            chosen = natural if self.random.random() < 0.8 else int(self.random.choice(others))
            return chosen, chosen
        if self.random.random() < 0.8:
            return int(self.random.choice(others)), natural
        source, target = self.random.choice(group, 2, replace=False)
        return int(source), int(target)

    def _heard(self, cut: NDArray[np.float32], noise_share: float) -> NDArray[np.float32]:
        if self.random.random() < noise_share:
            return noisy(cut, self.random, *NOISE_DB)
        return cut

    def batch(
        self, size: int, frames: int, identity_share: float, noise_share: float = 0.0
    ) -> Batch:
        """Args:
            size: items.
            frames: frames of each crop.
            identity_share: probability that target and source are one recording.
            noise_share: probability that a source or a reference is heard with noise.

        Returns:
            A batch of fresh crops at random levels.
        """
        samples = frames * HOP_SAMPLES
        reference_samples = int(self.random.integers(110, 220)) * HOP_SAMPLES
        columns: list[list[NDArray[np.float32]]] = [[] for _ in range(4)]
        contours: list[NDArray[np.float32]] = []
        indices: list[tuple[int, int]] = []
        for group_index in self.random.choice(len(self.groups), size, p=self.weights):
            pair = self._pair(self.groups[group_index], identity_share)
            indices.append(pair)
            level = 10 ** (self.random.uniform(-12, 6) / 20)
            first = self._first(self.rows[pair[0]], samples)
            source_cut, target_cut = (
                self._cut(self.rows[index], first, samples) * np.float32(level) for index in pair
            )
            columns[0].append(self._heard(source_cut, noise_share))
            columns[1].append(target_cut)
            contours.append(self._contour(self.rows[pair[1]], first, frames))
            for column, index in zip(columns[2:], pair, strict=True):
                row = self.rows[index]
                cut = self._cut(row, self._first(row, reference_samples), reference_samples)
                column.append(self._heard(cut, noise_share))
        source, target, source_reference, target_reference = (
            torch.from_numpy(np.stack(column)) for column in columns
        )
        sources, targets = ([pair[side] for pair in indices] for side in (0, 1))
        return Batch(
            source,
            target,
            source_reference,
            target_reference,
            torch.from_numpy(self.teacher[sources]),
            torch.from_numpy(self.teacher[targets]),
            self._log_f0(sources),
            self._log_f0(targets),
            torch.from_numpy(np.stack(contours))[:, None],
        )

    def _log_f0(self, indices: list[int]) -> Tensor:
        rows = [self.rows[index] for index in indices]
        return torch.tensor([[row.log_f0_mean, row.log_f0_spread] for row in rows])
