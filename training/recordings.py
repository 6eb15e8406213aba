"""Prepared clips, and random crops of them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.speech import SAMPLE_RATE_HZ

HOP_SAMPLES = 256
PITCH_STEP_SECONDS = 0.01
MARGIN_SAMPLES = 384
"""Real samples to each side of a crop, where a whole clip would be reflected."""
SHORTEST_SECONDS = 1.0
PACED = "@"
"""What parts a clip's name from a pace that is not its own."""
PARALLEL = "+"
"""What parts the name of a group of clips, aligned to the sample, from a member's number."""


@dataclass(frozen=True)
class Recording:
    """One prepared clip.

    Attributes:
        waveform: [samples] at 22050 Hz.
        features: A recogniser's, [steps, channels].
        pitch_hz: F0 every 10 ms, 0 where unvoiced.
        step_seconds: Time from one feature to the next.
        first_seconds: Time that the first feature stands for.
    """

    waveform: NDArray[np.int16]
    features: NDArray[np.float16]
    pitch_hz: NDArray[np.float32]
    step_seconds: float
    first_seconds: float

    @classmethod
    def load(cls, path: Path) -> "Recording":
        """Read what `save` wrote."""
        with np.load(path) as arrays:
            return cls(
                arrays["waveform"],
                arrays["features"],
                arrays["pitch_hz"],
                float(arrays["step_seconds"]),
                float(arrays["first_seconds"]),
            )

    def save(self, path: Path) -> None:
        """Write a file whole or not at all."""
        partial = path.with_suffix(".partial.npz")
        np.savez(partial, **vars(self))
        partial.replace(path)


@dataclass(frozen=True)
class Crop:
    """A stretch of a recording.

    Attributes:
        waveform: [frames * 256 + 768] at 22050 Hz; the margins belong to the spectrogram alone.
        contour_hz: F0 at the frames' centres, 0 where unvoiced, [frames].
        features: A recogniser's features at the frames' centres, [frames, channels].
    """

    waveform: NDArray[np.float32]
    contour_hz: NDArray[np.float32]
    features: NDArray[np.float32]


class Recordings:
    """The prepared clips in memory.

    Args:
        folder: Folder that `prepare` wrote.
        seed: Seed of every random choice.
        shortest_seconds: Clips shorter than this are left out.
        paced: Whether clips at another pace than their own are taken, too.

    Raises:
        FileNotFoundError: The folder holds no prepared clip.
    """

    def __init__(
        self,
        folder: Path,
        seed: int,
        shortest_seconds: float = SHORTEST_SECONDS,
        paced: bool = True,
    ) -> None:
        paths = [path for path in sorted(folder.glob("*.npz")) if paced or PACED not in path.stem]
        shortest = shortest_seconds * SAMPLE_RATE_HZ
        self.rows, members = list[Recording](), dict[str, list[int]]()
        for path in paths:
            recording = Recording.load(path)
            if len(recording.waveform) >= shortest:
                if PARALLEL in path.stem:
                    members.setdefault(path.stem.split(PARALLEL)[0], []).append(len(self.rows))
                self.rows.append(recording)
        if not self.rows:
            raise FileNotFoundError(f"{folder} holds no prepared clip; run prepare first")
        self.groups = [indices for indices in members.values() if len(indices) > 1]
        lengths = np.array([len(row.waveform) for row in self.rows], np.float64)
        self.shares = lengths / lengths.sum()
        self.random = np.random.default_rng(seed)

    def draw(self) -> int:
        """Draw the index of a recording, long ones more often."""
        return int(self.random.choice(len(self.rows), p=self.shares))

    def crops(self, count: int, frames: int) -> list[Crop]:
        """Cut as many random stretches out of random recordings."""
        return [self.crop(self.draw(), frames) for _ in range(count)]

    def crop(self, index: int, frames: int) -> Crop:
        """Cut a random stretch out of a recording, zeros after its end.

        Args:
            index: Which recording.
            frames: Frames of the crop.

        Returns:
            The crop.
        """
        return self.crop_at(index, self.first_sample(index, frames), frames)

    def first_sample(self, index: int, frames: int) -> int:
        """Draw where a crop of a recording begins."""
        spare = len(self.rows[index].waveform) - frames * HOP_SAMPLES - 2 * MARGIN_SAMPLES
        return int(self.random.integers(0, max(1, spare + 1)))

    def parallel(self, count: int, frames: int) -> list[tuple[int, Crop]]:
        """Cut the same stretch out of two members of a group, for as many groups.

        Args:
            count: Number of groups.
            frames: Frames of a crop.

        Returns:
            Indices of recordings and their crops: one of each group, then the others in the same
            order.
        """
        ones, others = list[tuple[int, Crop]](), list[tuple[int, Crop]]()
        for place in self.random.choice(len(self.groups), count, replace=False):
            one, other = self.random.permutation(self.groups[place])[:2]
            first = self.first_sample(one, frames)
            ones.append((int(one), self.crop_at(one, first, frames)))
            others.append((int(other), self.crop_at(other, first, frames)))
        return ones + others

    def crop_at(self, index: int, first: int, frames: int) -> Crop:
        """Cut a stretch out of a recording, zeros after its end.

        Args:
            index: Which recording.
            first: First sample, of the margin before the crop.
            frames: Frames of the crop.

        Returns:
            The crop.
        """
        row = self.rows[index]
        samples = frames * HOP_SAMPLES + 2 * MARGIN_SAMPLES
        piece = row.waveform[first : first + samples].astype(np.float32) / 32768
        centres = first + MARGIN_SAMPLES + HOP_SAMPLES * (np.arange(frames) + 0.5)
        seconds = centres / SAMPLE_RATE_HZ
        return Crop(
            np.pad(piece, (0, samples - len(piece))),
            contour_hz(row, seconds),
            features_at(row, seconds),
        )


def contour_hz(row: Recording, seconds: NDArray[np.float64]) -> NDArray[np.float32]:
    """Interpolate a recording's pitch at given times, 0 where the nearest step is unvoiced."""
    steps = len(row.pitch_hz)
    voiced = np.flatnonzero(row.pitch_hz > 0)
    if not len(voiced):
        return np.zeros(len(seconds), np.float32)
    whole = len(row.waveform) / SAMPLE_RATE_HZ
    begins = (whole - (steps - 1) * PITCH_STEP_SECONDS) / 2
    place = (seconds - begins) / PITCH_STEP_SECONDS
    nearest = np.clip(np.round(place), 0, steps - 1).astype(int)
    smooth_hz = np.exp(np.interp(place, voiced, np.log(row.pitch_hz[voiced])))
    sung = (row.pitch_hz[nearest] > 0) & (place > -1) & (place < steps)
    return np.where(sung, smooth_hz, 0.0).astype(np.float32)


def features_at(row: Recording, seconds: NDArray[np.float64]) -> NDArray[np.float32]:
    """Interpolate a recording's features at given times, those of its ends beyond them."""
    last = len(row.features) - 1
    place = np.clip((seconds - row.first_seconds) / row.step_seconds, 0, last)
    before = np.minimum(place.astype(int), max(last - 1, 0))
    share = (place - before)[:, None].astype(np.float32)
    low = row.features[before].astype(np.float32)
    high = row.features[np.minimum(before + 1, last)].astype(np.float32)
    between: NDArray[np.float32] = low * (1 - share) + high * share
    return between
