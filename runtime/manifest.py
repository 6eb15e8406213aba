"""Reading of manifest.json, which holds everything that the runtime assumes about a model."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, get_args

from runtime.errors import InvalidBundle
from runtime.windows import Context

FORMAT = 1
MANIFEST = "manifest.json"
TONE_ENCODER = "tone_encoder.onnx"
TONE_CONVERTER = "tone_converter.onnx"
EXACT = "exact"
# Name in the manifest, and largest error of a sample as a share of the clip's peak.
TOLERANCES: Mapping[str, float] = MappingProxyType({"1e-4": 1e-4, "1e-3": 1e-3, "1e-2": 1e-2})

Variant: TypeAlias = Literal["compact", "v1", "v2"]
Precision: TypeAlias = Literal["fp32", "fp16", "int8"]


@dataclass(frozen=True)
class Manifest:
    """Description of a model, read from its manifest.json.

    Attributes:
        format: Version of this file's layout, 1.
        name: Name of the model.
        variant: Family of networks that the model belongs to.
        model_id: First 12 hex digits of the tone encoder's SHA-256. The tone embeddings of one
            model cannot be used with another.
        sample_rate_hz: Sample rate of the audio that goes in and comes out.
        fft_samples: Length of the Fourier transform.
        window_samples: Length of the Hann window.
        hop_samples: Number of samples from one frame to the next.
        bins: Number of frequencies in a frame.
        tone_dimension: Number of values in a tone embedding.
        latent_channels: Number of channels of the posterior's noise.
        input_bandwidth_hz: Frequency above which the input's content is removed.
        reference_frames: Frames of the longest window that the tone encoder is given.
        minimum_reference_frames: Frames of the shortest such window.
        context_frames: Frames that one frame of the converter's output depends on, on the side
            where there are more of them.
        window_frames: Advised length of a conversion window without its context.
        precision: Precision of the weights and arithmetic inside the converter.
        tau_curve: Points (tau, weight) of a piecewise linear curve from (0, 0) to (1, 1).
        opset: ONNX operator set of the graphs.
        files: SHA-256 of each graph in hex, by file name.
        checkpoint_sha256: SHA-256 of the checkpoint that the graphs were made from, or None.
        licence: Licence of the weights.
        provenance: Origin of the weights.
        quality: Measurements of the model, free in form.
        look_back_frames: Frames before an output frame that it depends on, by tolerance: `exact`,
            and the names of `TOLERANCES`; empty if not measured.
        look_ahead_frames: Frames after an output frame that it depends on, likewise.
        carries_phase: Whether the converter makes pulses, whose phase each window takes over from
            the one before; both receptive fields are those of a window whose context's phases are
            known.
    """

    format: int
    name: str
    variant: Variant
    model_id: str
    sample_rate_hz: int
    fft_samples: int
    window_samples: int
    hop_samples: int
    bins: int
    tone_dimension: int
    latent_channels: int
    input_bandwidth_hz: float
    reference_frames: int
    minimum_reference_frames: int
    context_frames: int
    window_frames: int
    precision: Precision
    tau_curve: tuple[tuple[float, float], ...]
    opset: int
    files: Mapping[str, str]
    checkpoint_sha256: str | None
    licence: str
    provenance: str
    quality: Mapping[str, Any]
    look_back_frames: Mapping[str, int] = field(default_factory=dict)
    look_ahead_frames: Mapping[str, int] = field(default_factory=dict)
    carries_phase: bool = False

    @property
    def context(self) -> Context:
        """Frames around a window that make it equal to the same part of the whole clip."""
        sides = (self.look_back_frames, self.look_ahead_frames)
        return Context(*(side.get(EXACT, self.context_frames) for side in sides))

    @classmethod
    def read(cls, path: Path) -> "Manifest":
        """Read and check a manifest file.

        Raises:
            InvalidBundle: The file is missing, or a field is missing, misspelt or wrong.
        """
        document = read_json(path)
        try:
            return cls._parse(document)
        except ValueError as error:
            raise InvalidBundle(path, str(error)) from error

    @classmethod
    def _parse(cls, document: object) -> "Manifest":
        if not isinstance(document, dict):
            raise ValueError("not a JSON object")
        if document.get("format") != FORMAT:
            raise ValueError(f"format is {document.get('format')!r} instead of {FORMAT}")
        names = {entry.name for entry in fields(cls)}
        if missing := sorted(names - _OPTIONAL - document.keys()):
            raise ValueError(f"missing fields: {', '.join(missing)}")
        if unknown := sorted(document.keys() - names):
            raise ValueError(f"unknown fields: {', '.join(unknown)}")
        values = dict(document)
        for name in _COUNTS:
            _check_count(name, values[name])
        for name in ("name", "model_id", "licence", "provenance"):
            if not isinstance(values[name], str):
                raise ValueError(f"{name} is not a string")
        for name, kind in (("variant", Variant), ("precision", Precision)):
            if values[name] not in get_args(kind):
                raise ValueError(f"{name} is {values[name]!r}, not one of {get_args(kind)}")
        if not isinstance(values["checkpoint_sha256"], str | None):
            raise ValueError("checkpoint_sha256 is neither a string nor null")
        if not isinstance(values["quality"], dict):
            raise ValueError("quality is not an object")
        values["quality"] = MappingProxyType(values["quality"])
        values["tau_curve"] = _tau_curve(values["tau_curve"])
        values["files"] = _files(values["files"])
        for name in _SIDES:
            values[name] = _frames_by_tolerance(name, values.get(name, {}))
        if not isinstance(values.setdefault("carries_phase", False), bool):
            raise ValueError("carries_phase is neither true nor false")
        manifest = cls(**values)
        manifest._check_consistency()
        return manifest

    def _check_consistency(self) -> None:
        if self.bins != self.fft_samples // 2 + 1:
            raise ValueError(f"bins is {self.bins}, not fft_samples / 2 + 1")
        if self.window_samples != self.fft_samples:
            raise ValueError("window_samples differs from fft_samples")
        if self.fft_samples % 2 or self.fft_samples % self.hop_samples:
            raise ValueError("hop_samples does not divide an even fft_samples")
        nyquist_hz = self.sample_rate_hz / 2
        bandwidth_hz = self.input_bandwidth_hz
        if (
            isinstance(bandwidth_hz, bool)
            or not isinstance(bandwidth_hz, int | float)
            or not 0 < bandwidth_hz <= nyquist_hz
        ):
            raise ValueError(f"input_bandwidth_hz is not within 0 to {nyquist_hz:g}")
        for name in _SIDES:
            if getattr(self, name).get(EXACT, 0) > self.context_frames:
                raise ValueError(f"{name} is above context_frames")
        if self.minimum_reference_frames > self.reference_frames:
            raise ValueError("minimum_reference_frames is above reference_frames")
        if self.model_id != self.files[TONE_ENCODER][:12]:
            raise ValueError("model_id is not the start of the tone encoder's SHA-256")


_COUNTS = (
    "sample_rate_hz",
    "fft_samples",
    "window_samples",
    "hop_samples",
    "bins",
    "tone_dimension",
    "latent_channels",
    "reference_frames",
    "minimum_reference_frames",
    "context_frames",
    "window_frames",
    "opset",
)


def read_json(path: Path) -> object:
    """Read a JSON file of a model folder.

    Raises:
        InvalidBundle: The file is missing or holds no JSON.
    """
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise InvalidBundle(path, error.strerror or "cannot be read") from error
    except (ValueError, RecursionError) as error:
        raise InvalidBundle(path, "not JSON") from error


_SIDES = ("look_back_frames", "look_ahead_frames")
_OPTIONAL = {*_SIDES, "carries_phase"}


def _check_count(name: str, value: object) -> None:
    minimum = 0 if name in ("context_frames", *_SIDES) else 1
    if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
        raise ValueError(f"{name} is {value!r}, not a whole number from {minimum} up")


def _frames_by_tolerance(name: str, value: object) -> Mapping[str, int]:
    if not isinstance(value, dict) or (value and value.keys() != {EXACT, *TOLERANCES}):
        raise ValueError(f"{name} does not name {', '.join((EXACT, *TOLERANCES))} and nothing else")
    for frames in value.values():
        _check_count(name, frames)
    return MappingProxyType(value)


def _tau_curve(value: object) -> tuple[tuple[float, float], ...]:
    message = "tau_curve is not a list of rising [tau, weight] points from [0, 0] to [1, 1]"
    if not isinstance(value, list) or len(value) < 2:
        raise ValueError(message)
    points: list[tuple[float, float]] = []
    for point in value:
        if not isinstance(point, list) or len(point) != 2:
            raise ValueError(message)
        tau, weight = point
        if not all(isinstance(number, int | float) and math.isfinite(number) for number in point):
            raise ValueError(message)
        if points and not (tau > points[-1][0] and weight >= points[-1][1]):
            raise ValueError(message)
        points.append((float(tau), float(weight)))
    if points[0] != (0.0, 0.0) or points[-1] != (1.0, 1.0):
        raise ValueError(message)
    return tuple(points)


def _files(value: object) -> Mapping[str, str]:
    names = {TONE_ENCODER, TONE_CONVERTER}
    if not isinstance(value, dict) or value.keys() != names:
        raise ValueError(f"files must name {' and '.join(sorted(names))} and nothing else")
    digests: dict[str, str] = {}
    for name, entry in value.items():
        digest = entry.get("sha256") if isinstance(entry, dict) else None
        if not isinstance(digest, str) or len(digest) != 64:
            raise ValueError(f"files has no sha256 for {name}")
        digests[name] = digest
    return MappingProxyType(digests)
