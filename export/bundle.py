"""Bundles: two checked graphs and the manifest that vouches for them."""

import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import onnx_ir
from torch import nn

from export import parity
from export.graphs import DEFAULT_OPSET, export_graph
from export.placement import MANIFEST, replacing
from export.precision import reduce_precision
from export.reach import context_frames, minimum_frames
from export.speaker import compare_speakers
from export.speech import SAMPLES, find_recordings, read_speech
from export.weights import rounded_to_half, store_half
from runtime import VoiceCloner
from runtime.interface import (
    GraphInterface,
    tone_converter_interface,
    tone_encoder_interface,
)
from runtime.manifest import FORMAT, TONE_CONVERTER, TONE_ENCODER, Manifest, Precision, Variant

REFERENCE_FRAMES = 1024
MODEL_ID_DIGITS = 12
PARITY = "largest_difference_from_pytorch"

StoredWeights = Literal["fp32", "fp16"]
Announce = Callable[[str], None]


@dataclass(frozen=True)
class BundleFacts:
    """What the networks cannot say of themselves; fields as in `runtime.manifest.Manifest`."""

    name: str
    variant: Variant
    sample_rate_hz: int
    fft_samples: int
    hop_samples: int
    tone_dimension: int
    latent_channels: int
    input_bandwidth_hz: float
    tau_curve: tuple[tuple[float, float], ...]
    window_frames: int
    licence: str
    provenance: str
    checkpoint_sha256: str | None = None
    quality: Mapping[str, Any] = field(default_factory=dict)

    def manifest(self, opset: int, context: int, minimum_reference: int) -> Manifest:
        """Drafts the manifest, as it is before the graphs are.

        Args:
            opset: of the graphs.
            context: reach of the converter in frames.
            minimum_reference: fewest frames that the tone encoder takes.

        Returns:
            The manifest without files.
        """
        return Manifest(
            format=FORMAT,
            model_id="",
            window_samples=self.fft_samples,
            bins=self.fft_samples // 2 + 1,
            reference_frames=REFERENCE_FRAMES,
            minimum_reference_frames=minimum_reference,
            context_frames=context,
            precision="fp32",
            opset=opset,
            files={},
            **{entry.name: getattr(self, entry.name) for entry in dataclasses.fields(self)},
        )


def write_bundle(
    tone_encoder: nn.Module,
    tone_converter: nn.Module,
    facts: BundleFacts,
    folder: Path,
    *,
    opset: int = DEFAULT_OPSET,
    store_weights: StoredWeights = "fp32",
    precision: Precision = "fp32",
    calibration: Path = SAMPLES,
    audio_tolerance: float = parity.ABSOLUTE_TOLERANCE["audio"],
    announce: Announce = print,
) -> Manifest:
    """Exports a pair of networks and checks the graphs; the folder appears only if all is well.

    Whatever the precision, the float32 graphs are made and held against PyTorch first. The tone
    encoder stays in float32: it costs little, and tones of every precision are then the same.

    Args:
        tone_encoder: spectrogram [batch, bins, frames] to tone [batch, tone_dimension, 1].
        tone_converter: spectrogram, source_tone, target_tone and noise
            [batch, latent_channels, frames] to audio [batch, 1, frames * hop].
        facts: what the networks cannot say of themselves.
        folder: where the bundle goes; a bundle that is there is replaced.
        opset: ONNX operator set of the graphs.
        store_weights: `fp16` halves the files; the graphs compute in float32 all the same.
        precision: that the converter computes with.
        calibration: folder of speech that `int8` is calibrated and any lesser precision judged on.
        audio_tolerance: the largest difference of a sample from PyTorch's that is accepted.
        announce: is told each step and check, a line each.

    Returns:
        The manifest.

    Raises:
        OutputError: the folder cannot be written, or holds something that is no bundle.
        ParityError: a graph does not say what its network says.
        CalibrationError: the folder of speech holds too little.
        ExportError: the converter is not local in time.
    """
    modules = [tone_encoder.eval(), tone_converter.eval()]
    if store_weights == "fp16":
        modules = [rounded_to_half(module) for module in modules]
    encoder, converter = modules
    draft = facts.manifest(opset, 0, 1)
    tolerances = {"tone": parity.ABSOLUTE_TOLERANCE["tone"], "audio": audio_tolerance}
    interfaces = [tone_encoder_interface(draft), tone_converter_interface(draft)]
    recordings = [] if precision == "fp32" else find_recordings(calibration)
    with replacing(folder) as draft_folder:
        context = context_frames(converter, interfaces[1], facts.hop_samples)
        manifest = facts.manifest(opset, context, minimum_frames(encoder, interfaces[0]))
        announce(f"context is {context} frames to each side")
        differences, models, graphs = {}, [], []
        for module, interface in zip(modules, interfaces, strict=True):
            model = _exported(module, interface, opset, store_weights, announce)
            graph = parity.open_for_parity(_bytes(model), interface)
            shortest = minimum_frames(module, interface)
            announce(f"comparing {interface.file_name}, which takes {shortest} frames and more")
            differences[interface.output] = parity.require(
                parity.compare_values(module, graph, shortest, tolerances[interface.output]),
                announce,
            )
            models.append(model)
            graphs.append(graph)
        quality = {**facts.quality, PARITY: differences}
        if precision != "fp32":
            speech = read_speech(recordings, VoiceCloner(manifest, *graphs))
            models[1], figures = reduce_precision(
                models[1], interfaces[1], precision, speech, announce
            )
            quality[precision] = figures
            graphs[1] = parity.open_for_parity(_bytes(models[1]), interfaces[1])
        parity.require([parity.compare_window(graphs[1], context, facts.hop_samples)], announce)
        for model, interface in zip(models, interfaces, strict=True):
            (draft_folder / interface.file_name).write_bytes(_bytes(model))
        manifest = dataclasses.replace(manifest, precision=precision, quality=quality)
        manifest = write_manifest(manifest, draft_folder)
        parity.require(
            compare_speakers(encoder, converter, draft_folder, audio_tolerance), announce
        )
    return manifest


def _exported(
    module: nn.Module,
    interface: GraphInterface,
    opset: int,
    store_weights: StoredWeights,
    announce: Announce,
) -> onnx_ir.Model:
    """Exports one graph in float32 and checks its names and axes."""
    announce(f"exporting {interface.file_name}")
    model = export_graph(module, interface, opset)
    parity.check_axes(model, interface)
    if store_weights == "fp16":
        store_half(model)
    return model


def _bytes(model: onnx_ir.Model) -> bytes:
    """Gives the file of a graph."""
    data: bytes = onnx_ir.to_proto(model).SerializeToString()
    return data


def write_manifest(manifest: Manifest, folder: Path) -> Manifest:
    """Writes manifest.json beside the graphs that it vouches for.

    Args:
        manifest: complete but for `files` and `model_id`.
        folder: holds the graphs.

    Returns:
        The manifest as written.
    """
    digests = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in (TONE_ENCODER, TONE_CONVERTER)
    }
    complete = dataclasses.replace(
        manifest, files=digests, model_id=digests[TONE_ENCODER][:MODEL_ID_DIGITS]
    )
    content = {entry.name: getattr(complete, entry.name) for entry in dataclasses.fields(complete)}
    content["files"] = {name: {"sha256": digest} for name, digest in digests.items()}
    content["quality"] = dict(complete.quality)
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    (folder / MANIFEST).write_text(text, encoding="utf-8")
    return complete
