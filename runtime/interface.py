"""Interface of each graph: the inputs and output that a manifest requires."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from runtime.arrays import Tone
from runtime.errors import InvalidBundle
from runtime.manifest import TONE_CONVERTER, TONE_ENCODER, Manifest
from runtime.noise import draw_noise
from runtime.options import DEFAULT_TEMPERATURE

Shape = tuple[int | None, ...]
Inputs = dict[str, NDArray[np.float32]]

KNOWN_PHASE, PHASE = "known_phase", "phase"
UNKNOWN = -1.0
"""Phase of a frame whose phase is to be found out."""


@dataclass(frozen=True)
class GraphInterface:
    """Names and shapes of a graph's float32 inputs and outputs.

    Attributes:
        file_name: Name of the graph's file, for messages.
        inputs: Shapes by name; None stands for a free axis, `batch` first and `frames` last.
        output: Name of the output that the graph is for.
        output_shape: Shape of that output.
        carried: Shapes of further outputs by name, one number a frame, which the next window's run
            is given.
    """

    file_name: str
    inputs: Mapping[str, Shape]
    output: str
    output_shape: Shape
    carried: Mapping[str, Shape] = field(default_factory=dict)

    @property
    def outputs(self) -> dict[str, Shape]:
        """Shapes of all outputs by name, the one that the graph is for first."""
        return {self.output: self.output_shape, **self.carried}

    def check(self, session: onnxruntime.InferenceSession) -> None:
        """Check that a session has these inputs and these outputs.

        Raises:
            InvalidBundle: A name, type or shape differs.
        """
        self._check_side("input", session.get_inputs(), self.inputs)
        self._check_side("output", session.get_outputs(), self.outputs)

    def zeros(self, batch: int, frames: int) -> dict[str, NDArray[np.float32]]:
        """Make inputs of zeros, to run a graph once.

        Args:
            batch: Size of the batch.
            frames: Length of the free axes after the first.
        """
        return {
            name: np.zeros(
                (batch, *(frames if size is None else size for size in shape[1:])), np.float32
            )
            for name, shape in self.inputs.items()
        }

    def _check_side(self, side: str, found: list[Any], wanted: Mapping[str, Shape]) -> None:
        names = {tensor.name for tensor in found}
        if names != wanted.keys():
            raise InvalidBundle(
                self.file_name,
                f"its {side}s are {', '.join(sorted(names))} instead of {', '.join(wanted)}",
            )
        for tensor in found:
            if tensor.type != "tensor(float)":
                raise InvalidBundle(
                    self.file_name, f"{side} {tensor.name} is {tensor.type}, not tensor(float)"
                )
            shape = wanted[tensor.name]
            if len(tensor.shape) != len(shape) or not all(
                _fits(size, expected, side)
                for size, expected in zip(tensor.shape, shape, strict=True)
            ):
                raise InvalidBundle(
                    self.file_name,
                    f"{side} {tensor.name} is {_text(tensor.shape)}, not {_text(shape)}",
                )


def tone_encoder_interface(manifest: Manifest) -> GraphInterface:
    """Return the interface that a model's tone encoder must have."""
    return GraphInterface(
        TONE_ENCODER,
        {"spectrogram": (None, manifest.bins, None)},
        "tone",
        (None, manifest.tone_dimension, 1),
    )


def tone_converter_interface(manifest: Manifest) -> GraphInterface:
    """Return the interface that a model's tone converter must have."""
    inputs: dict[str, Shape] = {
        "spectrogram": (None, manifest.bins, None),
        "source_tone": (None, manifest.tone_dimension, 1),
        "target_tone": (None, manifest.tone_dimension, 1),
        "noise": (None, manifest.latent_channels, None),
    }
    carried: dict[str, Shape] = {}
    if manifest.carries_phase:
        inputs[KNOWN_PHASE] = carried[PHASE] = (None, 1, None)
    return GraphInterface(TONE_CONVERTER, inputs, "audio", (None, 1, None), carried)


def converter_inputs(
    manifest: Manifest,
    spectrogram: NDArray[np.float32],
    source: Tone,
    target: Tone,
    seed: int = 0,
) -> Inputs:
    """Make the converter's inputs for one clip, in one run.

    Args:
        manifest: Manifest of the model.
        spectrogram: Spectrogram of the clip, [bins, frames].
        source: Tone of the clip's voice, [tone_dimension].
        target: Tone of the voice to convert to, [tone_dimension].
        seed: Seed of the noise.

    Returns:
        Arrays by name, in a batch of one.
    """
    frames = spectrogram.shape[1]
    noise = draw_noise(seed, manifest.latent_channels, 0, frames, DEFAULT_TEMPERATURE)
    inputs = {
        "spectrogram": spectrogram[np.newaxis],
        "source_tone": source[np.newaxis, :, np.newaxis],
        "target_tone": target[np.newaxis, :, np.newaxis],
        "noise": noise[np.newaxis],
    }
    if manifest.carries_phase:
        inputs[KNOWN_PHASE] = np.full((1, 1, frames), UNKNOWN, np.float32)
    return inputs


def window_inputs(
    clip: Inputs, start: int, stop: int, phase: NDArray[np.float32] | None, known_stop: int
) -> Inputs:
    """Cut a window out of the converter's inputs for a whole clip.

    Args:
        clip: Arrays by name.
        start: First frame of the window.
        stop: Frame after the last.
        phase: Phase of every frame of the clip, [1, 1, frames], where the model carries one.
        known_stop: Frame up to which the window is told the phase.

    Returns:
        Arrays by name.
    """
    window = {
        name: array[:, :, start:stop] if array.shape[2] > 1 else array
        for name, array in clip.items()
    }
    if phase is not None:
        window[KNOWN_PHASE] = window[KNOWN_PHASE].copy()
        window[KNOWN_PHASE][:, :, : known_stop - start] = phase[:, :, start:known_stop]
    return window


def _fits(size: object, expected: int | None, side: str) -> bool:
    if not isinstance(size, int):
        # a graph may leave the size of its output open
        return expected is None or side == "output"
    return size == expected


def _text(shape: Any) -> str:
    return f"[{', '.join('*' if not isinstance(size, int) else str(size) for size in shape)}]"
