"""Reading of watermark.json, which describes the graphs that write and read the watermark."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_origin

from runtime.bundle import read_graph
from runtime.errors import InvalidBundle
from runtime.interface import GraphInterface
from runtime.manifest import read_json
from runtime.models import SHIPPED_MODELS
from runtime.sessions import Graph, SessionSettings, open_graph

WATERMARK_FOLDER = SHIPPED_MODELS / "marking"
WATERMARK_MANIFEST = "watermark.json"
"""Another name than a voice model's manifest has, so that neither is taken for the other."""

FORMAT = 1
ENCODER = "watermark_encoder.onnx"
DECODER = "watermark_decoder.onnx"


@dataclass(frozen=True)
class WatermarkManifest:
    """Description of the watermark's graphs.

    Attributes:
        format: Version of this file's layout, 1.
        name: Name of the watermark.
        sample_rate_hz: Sample rate that the spectrogram is computed at.
        fft_samples: Length of the Fourier transform and of its Hann window.
        hop_samples: Number of samples from one frame to the next.
        magnitude_scale: Factor of the magnitudes. The networks know sums of more samples, those
            of a signal at 32 kHz.
        bins: Number of frequencies from 0 up that carry the watermark.
        floor_db: Magnitude that has level 0.
        ceiling_db: Magnitude that has level 1.
        context_frames: Frames on each side that a frame of either network's output depends on.
        strength: Factor of what the encoder adds, 1 for all of it.
        other_tempos: Weight and evidence that the decoder mixes with its own. In the package they
            come from two more networks, for slower and faster speech, whose outputs are constant.
        opset: ONNX operator set of the graphs.
        files: SHA-256 of each graph in hex, by file name.
        checkpoint_sha256: SHA-256 of the checkpoint that the graphs were made from.
        licence: Licence of the weights.
        provenance: Origin of the weights.
        quality: Measurements of the graphs, free in form.
    """

    format: int
    name: str
    sample_rate_hz: int
    fft_samples: int
    hop_samples: int
    magnitude_scale: float
    bins: int
    floor_db: float
    ceiling_db: float
    context_frames: int
    strength: float
    other_tempos: tuple[tuple[float, float], ...]
    opset: int
    files: Mapping[str, str]
    checkpoint_sha256: str
    licence: str
    provenance: str
    quality: Mapping[str, Any]

    @classmethod
    def read(cls, path: Path) -> "WatermarkManifest":
        """Read and check a manifest file.

        Raises:
            InvalidBundle: The file is missing, or a field is missing, misspelt or wrong.
        """
        document = read_json(path)
        if not isinstance(document, dict):
            raise InvalidBundle(path, "not a JSON object")
        types = {field.name: field.type for field in dataclasses.fields(cls)}
        if document.keys() != types.keys():
            wrong = sorted(document.keys() ^ types.keys())
            raise InvalidBundle(path, f"missing or unknown fields: {', '.join(wrong)}")
        if document["format"] != FORMAT:
            raise InvalidBundle(path, f"format is {document['format']!r} instead of {FORMAT}")
        for name, kind in types.items():
            if not _fits(document[name], kind):
                raise InvalidBundle(path, f"{name} is {document[name]!r}")
        if document["files"].keys() != {ENCODER, DECODER}:
            raise InvalidBundle(path, f"files must name {ENCODER} and {DECODER}")
        document["other_tempos"] = tuple(tuple(pair) for pair in document["other_tempos"])
        for name in ("files", "quality"):
            document[name] = MappingProxyType(document[name])
        return cls(**document)


def open_watermark_graph(
    folder: Path, name: str, settings: SessionSettings
) -> tuple[WatermarkManifest, Graph]:
    """Open one of the watermark's graphs.

    Args:
        folder: Folder with watermark.json and the graphs.
        name: Name of the graph's file.
        settings: Settings of its session.

    Raises:
        InvalidBundle: The folder differs from what its manifest says.
        ProviderUnavailable: The provider that was asked for cannot be used.
    """
    manifest = WatermarkManifest.read(folder / WATERMARK_MANIFEST)
    data = read_graph(folder / name, manifest.files[name])
    return manifest, open_graph(data, watermark_interface(name, manifest.bins), settings)


def watermark_interface(name: str, bins: int) -> GraphInterface:
    """Return the interface that one of the watermark's graphs must have.

    Args:
        name: Name of the graph's file.
        bins: Number of frequencies that carry the watermark.
    """
    level = {"level": (None, bins, None)}
    if name == ENCODER:
        return GraphInterface(name, level, "change", (None, bins, None))
    return GraphInterface(name, level, "evidence", (None, 2, None))


def _fits(value: object, kind: object) -> bool:
    if kind is str:
        return isinstance(value, str)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool) and value > 0
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, list if get_origin(kind) is tuple else dict)
