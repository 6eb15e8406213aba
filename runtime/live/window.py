"""Windows of live conversion: how many frames are looked back on, kept and looked ahead to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from runtime.errors import InvalidOption
from runtime.manifest import EXACT, Manifest
from runtime.options import check_count
from runtime.silence import CONTEXT_HOPS

Latency: TypeAlias = Literal["low", "balanced", "exact"]


@dataclass(frozen=True)
class _Preset:
    tolerance: str
    chunk_frames: int


_PRESETS: Mapping[Latency, _Preset] = {
    "low": _Preset("1e-2", 7),
    "balanced": _Preset("1e-3", 16),
    "exact": _Preset(EXACT, 32),
}


@dataclass(frozen=True)
class LiveWindow:
    """Frames of one step: a chunk that is kept, and its context.

    Attributes:
        look_back_frames: Frames before the chunk that the converter is given.
        chunk_frames: Frames that a step converts.
        look_ahead_frames: Frames after the chunk that a step waits for.
    """

    look_back_frames: int
    chunk_frames: int
    look_ahead_frames: int

    @property
    def frames(self) -> int:
        """Frames that the converter is given in a step."""
        return self.look_back_frames + self.chunk_frames + self.look_ahead_frames

    @classmethod
    def of(
        cls, manifest: Manifest, latency: Latency, chunk_frames: int | None = None
    ) -> "LiveWindow":
        """Choose the window of a preset from a model's measured receptive field.

        Args:
            manifest: Description of the model.
            latency: `low` covers the receptive field at 1e-2 of the peak, `balanced` at 1e-3,
                `exact` all of it.
            chunk_frames: Frames that a step converts; None takes the preset's. More of them wait
                longer and cost less.

        Raises:
            InvalidOption: An argument is wrong.
        """
        if latency not in get_args(Latency):
            raise InvalidOption("latency", latency, "low, balanced or exact is meant")
        preset = _PRESETS[latency]
        # a model whose receptive field was not measured by tolerance gets all of it
        unmeasured = manifest.context_frames
        look_back = manifest.look_back_frames.get(preset.tolerance, unmeasured)
        look_ahead = manifest.look_ahead_frames.get(preset.tolerance, unmeasured)
        chunk = check_count("chunk_frames", chunk_frames) or preset.chunk_frames
        # a hop's gain needs to know what sounds soon after it
        return cls(look_back, chunk, max(look_ahead, CONTEXT_HOPS))
