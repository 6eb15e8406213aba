"""Export of a pair of networks to a checked float32 bundle."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import onnx_ir
from torch import nn

from export import parity
from export.calibration_speech import SAMPLES, find_recordings, read_speech
from export.checks import ABSOLUTE_TOLERANCE, Announce, compare_window, require
from export.eager import eager_cloner
from export.fidelity import open_on_cpu
from export.graphs import DEFAULT_OPSET, export_graph
from export.receptive_field import exact_receptive_field, minimum_frames
from export.speaker import compare_speakers
from export.weights import rounded_to_half, store_half
from runtime.install.placement import replacing, write_manifest
from runtime.interface import (
    GraphInterface,
    tone_converter_interface,
    tone_encoder_interface,
)
from runtime.manifest import FORMAT, Manifest, Variant
from runtime.receptive_field import receptive_fields

REFERENCE_FRAMES = 1024
# Speech that the receptive field is measured on, longer than twice the field of either network. A
# clip adds about 15 seconds to an export of the official size on two cores.
SPEECH_CLIPS, SPEECH_SECONDS = 4, 6.0
PARITY = "largest_difference_from_pytorch"

StoredWeights = Literal["fp32", "fp16"]


@dataclass(frozen=True)
class BundleFacts:
    """Facts of a model that its networks do not hold; fields as in `runtime.manifest.Manifest`."""

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
    carries_phase: bool = False

    def manifest(self, opset: int, context: int, minimum_reference: int) -> Manifest:
        """Draft the manifest of a bundle whose graphs are not written yet.

        Args:
            opset: ONNX operator set of the graphs.
            context: Receptive field of the converter in frames, the longer side.
            minimum_reference: Fewest frames that the tone encoder takes.

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
    audio_tolerance: float = ABSOLUTE_TOLERANCE["audio"],
    announce: Announce = print,
) -> Manifest:
    """Export a pair of networks; the bundle appears only if every check passes.

    Args:
        tone_encoder: Network from spectrogram [batch, bins, frames] to tone
            [batch, tone_dimension, 1].
        tone_converter: Network from spectrogram, source_tone, target_tone and noise
            [batch, latent_channels, frames] to audio [batch, 1, frames * hop]; where the facts say
            that it carries a phase, also from the known phases to all, each [batch, 1, frames].
        facts: Facts that the networks do not hold.
        folder: Folder to write; a bundle that is there is replaced.
        opset: ONNX operator set of the graphs.
        store_weights: Precision of the weights in the files; `fp16` halves the files, and the
            graphs still compute in float32.
        audio_tolerance: Largest difference of a sample from PyTorch's that is accepted.
        announce: Receives each step and check, a line each.

    Returns:
        The manifest.

    Raises:
        PlaceTaken: The folder cannot be written, or holds something that is not a bundle.
        ParityError: A graph differs from its network.
        ExportError: The receptive field of the converter has no end.
    """
    modules = [tone_encoder.eval(), tone_converter.eval()]
    if store_weights == "fp16":
        modules = [rounded_to_half(module) for module in modules]
    encoder, converter = modules
    draft = facts.manifest(opset, 0, 1)
    tolerances = {"tone": ABSOLUTE_TOLERANCE["tone"], "audio": audio_tolerance}
    interfaces = [tone_encoder_interface(draft), tone_converter_interface(draft)]
    with replacing(folder) as draft_folder:
        exact = exact_receptive_field(converter, interfaces[1], facts.hop_samples)
        context = max(exact)
        manifest = facts.manifest(opset, context, minimum_frames(encoder, interfaces[0]))
        announce(f"an output frame depends on {exact[0]} frames before it and {exact[1]} after it")
        differences = {}
        for module, interface in zip(modules, interfaces, strict=True):
            announce(f"exporting {interface.file_name}")
            data = exported_graph(module, interface, opset, store_weights)
            graph = open_on_cpu(data, interface)
            shortest = minimum_frames(module, interface)
            announce(f"comparing {interface.file_name}, which takes {shortest} frames and more")
            differences[interface.output] = require(
                parity.compare_values(module, graph, shortest, tolerances[interface.output]),
                announce,
            )
            (draft_folder / interface.file_name).write_bytes(data)
        require([compare_window(graph, context, facts.hop_samples)], announce)
        eager = eager_cloner(manifest, encoder, converter)
        speech = read_speech(find_recordings(SAMPLES)[:SPEECH_CLIPS], eager, SPEECH_SECONDS)
        look_back, look_ahead = receptive_fields(
            graph, (*speech.seen, *speech.unseen), exact, facts.hop_samples
        )
        for name, before in look_back.items():
            announce(f"receptive field, {name}: {before} frames before, {look_ahead[name]} after")
        manifest = dataclasses.replace(
            manifest,
            look_back_frames=look_back,
            look_ahead_frames=look_ahead,
            quality={**facts.quality, PARITY: differences},
        )
        manifest = write_manifest(manifest, draft_folder)
        require(compare_speakers(draft_folder, eager, audio_tolerance), announce)
    return manifest


def exported_graph(
    module: nn.Module, interface: GraphInterface, opset: int, store_weights: StoredWeights
) -> bytes:
    """Export one graph that computes in float32, check its names and axes, and give its file.

    Args:
        module: Module in evaluation mode.
        interface: Inputs and output of the graph.
        opset: ONNX operator set.
        store_weights: Precision of the weights in the file.

    Raises:
        ParityError: A name or an axis differs from the interface's.
    """
    model = export_graph(module, interface, opset)
    parity.check_axes(model, interface)
    if store_weights == "fp16":
        store_half(model)
    data: bytes = onnx_ir.to_proto(model).SerializeToString()
    return data
