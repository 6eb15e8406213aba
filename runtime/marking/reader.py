"""Reading of the watermark: whether a clip is marked, how surely, and from when to when."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from runtime.arrays import Waveform
from runtime.marking.evidence import Evidence, gather_evidence
from runtime.marking.manifest import (
    DECODER,
    WATERMARK_FOLDER,
    WatermarkManifest,
    open_watermark_graph,
)
from runtime.providers import Provider
from runtime.sessions import Graph, SessionSettings

PRESENT = 0.7
"""Confidence from which a whole clip counts as marked."""

STRETCH_PRESENT = 0.9
"""Confidence from which a window of a longer clip counts as marked.

A long clip has many windows, each of which may be mistaken. docs/marking.md says how often both
limits are reached by clips that are not marked.
"""

WINDOW_SECONDS = 3.0
"""Length of the windows of a longer clip that are judged on their own."""

_STEP_SECONDS = 0.25
_SOUNDING_SHARE = 1 / 3
"""Share of a window that must not be silent."""

_SILENT_LEVEL = 0.05
"""Mean level of a silent frame, as a share of the clip's highest, as in resemble-perth."""


@dataclass(frozen=True)
class Stretch:
    """A part of a clip that is marked.

    Attributes:
        start_seconds: Beginning of the part.
        stop_seconds: End of the part.
        confidence: Highest confidence in it, 0 to 1.
    """

    start_seconds: float
    stop_seconds: float
    confidence: float


@dataclass(frozen=True)
class Reading:
    """What was read in a clip.

    Attributes:
        present: Whether the clip or a part of it is marked.
        confidence: Confidence of the surest part, or of the whole clip where no part is marked by
            itself, 0 to 1.
        stretches: Marked parts, in order; the whole clip if it is marked and none of its windows.
        seconds: Length of the clip.
    """

    present: bool
    confidence: float
    stretches: tuple[Stretch, ...]
    seconds: float


class WatermarkReader:
    """A loaded decoder of the watermark. Immutable, and safe to use from several threads at once.

    `WatermarkReader.load` makes one from the graphs that ship with the program.

    Args:
        manifest: Description of the watermark.
        decoder: Graph that gives the evidence of each frame.
    """

    def __init__(self, manifest: WatermarkManifest, decoder: Graph) -> None:
        self._manifest = manifest
        self._decoder = decoder

    @classmethod
    def load(
        cls,
        folder: Path = WATERMARK_FOLDER,
        *,
        provider: Provider = "auto",
        threads: int | None = None,
        spinning: bool = True,
    ) -> "WatermarkReader":
        """Load the decoder.

        Args:
            folder: Folder with watermark.json and the graphs.
            provider: Execution provider, as of `VoiceCloner.load`.
            threads: Number of CPU threads of one run; None uses every available CPU.
            spinning: Whether idle threads busy-wait for a while before they sleep.

        Raises:
            InvalidBundle: The folder differs from what its manifest says.
            ProviderUnavailable: The provider that was asked for cannot be used.
            InvalidOption: An argument is wrong.
        """
        settings = SessionSettings(provider, threads, spinning)
        return cls(*open_watermark_graph(folder, DECODER, settings))

    @property
    def sample_rate_hz(self) -> int:
        """Sample rate of the clips that are read."""
        return self._manifest.sample_rate_hz

    def windows(self, clip: Waveform | Iterable[Waveform]) -> Iterator[Evidence]:
        """Run the decoder over a clip, once a step; `judge` takes what the steps give.

        Args:
            clip: Clip at `sample_rate_hz`, [samples], or blocks of it.
        """
        blocks = [clip] if isinstance(clip, np.ndarray) else clip
        return gather_evidence(blocks, self._decoder, self._manifest)

    def read(self, clip: Waveform | Iterable[Waveform]) -> Reading:
        """Read the watermark of a clip.

        Args:
            clip: Clip at `sample_rate_hz`, [samples], or blocks of it.
        """
        return self.judge(list(self.windows(clip)))

    def judge(self, windows: Sequence[Evidence]) -> Reading:
        """Decide whether a clip is marked.

        Args:
            windows: Evidence of the clip's windows, in order.
        """
        frames = _Frames.of(Evidence.joined(windows))
        rate_hz = self._manifest.sample_rate_hz / self._manifest.hop_samples
        seconds = frames.count / rate_hz
        whole = float(self._confidence(*frames.means(np.zeros(1, np.int64), frames.count)[:2])[0])
        stretches = self._stretches(frames, rate_hz)
        if not stretches and whole >= PRESENT:
            stretches = [Stretch(0.0, seconds, whole)]
        confidence = max((stretch.confidence for stretch in stretches), default=whole)
        return Reading(bool(stretches), confidence, tuple(stretches), seconds)

    def _stretches(self, frames: "_Frames", rate_hz: float) -> list[Stretch]:
        """Judge each window of a clip and join those that are marked and touch."""
        window = round(WINDOW_SECONDS * rate_hz)
        last = frames.count - window
        if last < 0:
            return []
        starts = np.append(np.arange(0, last, round(_STEP_SECONDS * rate_hz)), last)
        weight, evidence, counted = frames.means(starts, window)
        confidences = self._confidence(weight, evidence)
        confidences[counted < _SOUNDING_SHARE * window] = 0
        stretches: list[Stretch] = []
        for place in np.flatnonzero(confidences >= STRETCH_PRESENT):
            start, confidence = float(starts[place] / rate_hz), float(confidences[place])
            stop = start + window / rate_hz
            if stretches and start <= stretches[-1].stop_seconds:
                before = stretches.pop()
                start, confidence = before.start_seconds, max(confidence, before.confidence)
            stretches.append(Stretch(start, stop, confidence))
        return stretches

    def _confidence(
        self, weight: NDArray[np.float64], evidence: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Mix the decoder's evidence with the constants of the other tempos, by their weights.

        This is the confidence of resemble-perth: a softmax of the weights, 0 to 1.
        """
        others = np.array(self._manifest.other_tempos)
        own_share, other_shares = np.exp(weight), np.exp(others[:, 0])
        mixed = own_share * evidence + other_shares @ others[:, 1]
        confidence: NDArray[np.float64] = mixed / (own_share + other_shares.sum())
        return confidence.clip(0, 1)


class _Frames:
    """Evidence of a clip's frames, summed up so that the mean of any stretch is cheap.

    Args:
        evidence: What the decoder said of each frame, [2, frames].
        counted: Whether each frame counts, [frames].
    """

    def __init__(self, evidence: NDArray[np.float64], counted: NDArray[np.bool_]) -> None:
        self.count = len(counted)
        rows = np.concatenate([evidence * counted, counted[np.newaxis]])
        self._sums = np.pad(np.cumsum(rows, 1, np.float64), ((0, 0), (1, 0)))

    @classmethod
    def of(cls, found: Evidence) -> "_Frames":
        """Take a clip's evidence; silent frames do not count."""
        counted = found.level > _SILENT_LEVEL * found.level.max(initial=0.0)
        return cls(np.stack([found.weight, found.evidence]).astype(np.float64), counted)

    def means(self, starts: NDArray[np.int64], length: int) -> NDArray[np.float64]:
        """Give the mean weight and evidence of stretches, and the frames that count in each.

        Args:
            starts: First frame of each stretch, [stretches].
            length: Frames of a stretch.

        Returns:
            [3, stretches].
        """
        sums: NDArray[np.float64] = self._sums[:, starts + length] - self._sums[:, starts]
        sums[:2] /= np.maximum(sums[2], 1)
        return sums
