"""Bundles: two checked graphs and the manifest that vouches for them."""

import dataclasses
import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import onnx_ir
from torch import nn

from export import parity
from export.errors import OutputError
from export.graphs import DEFAULT_OPSET, export_graph
from export.reach import context_frames, minimum_frames
from export.speaker import compare_speakers
from export.weights import rounded_to_half, store_half
from runtime.interface import tone_converter_interface, tone_encoder_interface
from runtime.manifest import FORMAT, TONE_CONVERTER, TONE_ENCODER, Manifest, Variant

MANIFEST = "manifest.json"
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
    audio_tolerance: float = parity.ABSOLUTE_TOLERANCE["audio"],
    announce: Announce = print,
) -> Manifest:
    """Exports a pair of networks and checks the graphs; the folder appears only if all is well.

    Args:
        tone_encoder: spectrogram [batch, bins, frames] to tone [batch, tone_dimension, 1].
        tone_converter: spectrogram, source_tone, target_tone and noise
            [batch, latent_channels, frames] to audio [batch, 1, frames * hop].
        facts: what the networks cannot say of themselves.
        folder: where the bundle goes; a bundle that is there is replaced.
        opset: ONNX operator set of the graphs.
        store_weights: `fp16` halves the files; the graphs compute in float32 all the same.
        audio_tolerance: the largest difference of a sample from PyTorch's that is accepted.
        announce: is told each step and check, a line each.

    Returns:
        The manifest.

    Raises:
        OutputError: the folder cannot be written, or holds something that is no bundle.
        ParityError: a graph does not say what its network says.
        ExportError: the converter is not local in time.
    """
    with replacing(folder) as draft_folder:
        modules = [tone_encoder.eval(), tone_converter.eval()]
        if store_weights == "fp16":
            modules = [rounded_to_half(module) for module in modules]
        encoder, converter = modules
        draft = facts.manifest(opset, 0, 1)
        encoder_interface = tone_encoder_interface(draft)
        converter_interface = tone_converter_interface(draft)
        manifest = facts.manifest(
            opset,
            context_frames(converter, converter_interface, facts.hop_samples),
            minimum_frames(encoder, encoder_interface),
        )
        announce(f"context is {manifest.context_frames} frames to each side")
        graphs, differences = {}, {}
        for module, interface in ((encoder, encoder_interface), (converter, converter_interface)):
            announce(f"exporting {interface.file_name}")
            model = export_graph(module, interface, opset)
            parity.check_axes(model, interface)
            if store_weights == "fp16":
                store_half(model)
            data = onnx_ir.to_proto(model).SerializeToString()
            graph = parity.open_for_parity(data, interface)
            shortest = minimum_frames(module, interface)
            announce(f"comparing {interface.file_name}, which takes {shortest} frames and more")
            differences[interface.output] = parity.require(
                parity.compare_values(module, graph, shortest, tolerances[interface.output]),
                announce,
            )
            (draft_folder / interface.file_name).write_bytes(data)
            graphs[interface.file_name] = graph
        window = parity.compare_window(
            graphs[TONE_CONVERTER], manifest.context_frames, manifest.hop_samples
        )
        parity.require([window], announce)
        quality = {**facts.quality, PARITY: differences}
        manifest = write_manifest(dataclasses.replace(manifest, quality=quality), draft_folder)
        parity.require(
            compare_speakers(encoder, converter, draft_folder, audio_tolerance), announce
        )
    return manifest


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


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """Gives a folder to write into that takes another's place once all has gone well.

    Args:
        folder: the place; nothing, an empty folder or a bundle may be there.

    Yields:
        A new folder beside it.

    Raises:
        OutputError: the place cannot be written, or is taken by something that is no bundle.
    """
    if folder.exists() and not _is_replaceable(folder):
        raise OutputError(f"{folder} exists and is no bundle; it is left as it is")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        workplace = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise OutputError(f"{folder} cannot be written: {error.strerror}") from error
    try:
        new, old = workplace / "new", workplace / "old"
        new.mkdir()
        yield new
        try:
            if folder.exists():
                folder.rename(old)
            new.rename(folder)
        except OSError as error:
            raise OutputError(f"{folder} cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(workplace, ignore_errors=True)


def _is_replaceable(folder: Path) -> bool:
    """Says whether a path holds nothing that would be missed."""
    return folder.is_dir() and ((folder / MANIFEST).is_file() or not any(folder.iterdir()))
