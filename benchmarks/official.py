"""Models of the official size, from a user's checkpoint or from drawn weights."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path

import torch
from torch import Tensor, nn

from benchmarks.errors import BenchmarkError
from benchmarks.options import Options
from export.__main__ import main as export
from export.checkpoint import (
    CheckpointFiles,
    expected_shapes,
    find_checkpoint,
    fold_weight_norm,
    read_state,
)
from export.config import ConverterConfig, read_config
from export.networks.converter import ToneColourConverter
from export.stand_in_weights import draw_weights
from runtime import Manifest

FULL = ConverterConfig()
SMALL = ConverterConfig(
    inter_channels=16,
    hidden_channels=16,
    resblock_kernel_sizes=(3,),
    resblock_dilation_sizes=((1, 3, 5),),
    upsample_initial_channel=32,
)
"""The same network with few channels, for --quick."""


def drawn_state(config: ConverterConfig) -> dict[str, Tensor]:
    """Draw a checkpoint's tensors.

    Args:
        config: Sizes of the converter.

    Returns:
        Tensors by the official names.
    """
    weights = draw_weights(expected_shapes(config))
    return {name: torch.from_numpy(weight) for name, weight in weights.items()}


def official_checkpoint(options: Options) -> CheckpointFiles:
    """Find the official size's checkpoint, or draw its weights and keep them for the next run.

    Args:
        options: Path of the checkpoint, and folder of drawn ones.

    Returns:
        The files.

    Raises:
        CheckpointError: There is no checkpoint at the given path.
    """
    if options.checkpoint is not None:
        return find_checkpoint(options.checkpoint)
    folder = options.work / ("small-checkpoint" if options.quick else "drawn-checkpoint")
    if not (folder / "config.json").exists():
        config = SMALL if options.quick else FULL
        folder.mkdir(parents=True, exist_ok=True)
        state = drawn_state(config)
        torch.save({"model": state}, folder / "checkpoint.pth")
        # written last: where it exists, the checkpoint is complete
        (folder / "config.json").write_text(json.dumps(dataclasses.asdict(config)))
    return find_checkpoint(str(folder))


def official_bundle(options: Options, precision: str = "fp32") -> Path:
    """Export the official size, unless a bundle of the same checkpoint is there.

    Args:
        options: Path of the checkpoint, and folder of exports.
        precision: Precision of the graphs.

    Returns:
        Folder of the bundle.

    Raises:
        BenchmarkError: The export failed; it has printed why.
    """
    files = official_checkpoint(options)
    name = "small" if options.quick else "official-size"
    folder = options.work / f"{name}-{precision}"
    if not _is_of(folder, files.checkpoint):
        arguments = ["--checkpoint", str(files.checkpoint), "--output", str(folder)]
        if precision != "fp32":
            arguments += ["--precision", precision]
        if export(arguments):
            raise BenchmarkError(f"the official size could not be exported in {precision}")
    return folder


def _is_of(folder: Path, checkpoint: Path) -> bool:
    """Whether a folder holds a bundle of this checkpoint."""
    if not (folder / "manifest.json").exists():
        return False
    digest = hashlib.sha256(checkpoint.read_bytes()).hexdigest()
    return Manifest.read(folder / "manifest.json").checkpoint_sha256 == digest


class Upstream(nn.Module):
    """The converter as upstream runs it: with every tone path, fed with zeros in V2.

    Args:
        config: Sizes of the converter.
        state: Tensors by name, as the official file stores them.
    """

    def __init__(self, config: ConverterConfig, state: dict[str, Tensor]) -> None:
        super().__init__()
        self.zero_tone = config.zero_g
        self.converter = ToneColourConverter(config, conditioned=True)
        self.converter.load_state_dict(fold_weight_norm(state), strict=True)

    def forward(
        self, spectrogram: Tensor, source_tone: Tensor, target_tone: Tensor, noise: Tensor
    ) -> Tensor:
        """Convert speech.

        Args:
            spectrogram: [batch, bins, frames].
            source_tone: [batch, tone_dimension, 1].
            target_tone: [batch, tone_dimension, 1].
            noise: [batch, latent_channels, frames].

        Returns:
            Waveform, [batch, 1, frames * hop].
        """
        network = self.converter
        source = torch.zeros_like(source_tone) if self.zero_tone else source_tone
        target = torch.zeros_like(target_tone) if self.zero_tone else target_tone
        mean, log_scale = network.enc_q(spectrogram, source)
        latent = mean + noise * torch.exp(log_scale)
        voiceless = network.flow(latent, source_tone)
        voiced = network.flow(voiceless, target_tone, reverse=True)
        audio: Tensor = network.dec(voiced, target)
        return audio


def official_networks(options: Options) -> tuple[nn.Module, nn.Module]:
    """Load the tone encoder and the converter in PyTorch, with weight norm folded.

    Args:
        options: Path of the checkpoint, and folder of drawn ones.

    Returns:
        The networks.

    Raises:
        CheckpointError: The checkpoint cannot be read.
    """
    files = official_checkpoint(options)
    config = ConverterConfig() if files.config is None else read_config(files.config)
    converter = Upstream(config, read_state(files.checkpoint)).eval().requires_grad_(False)
    return converter.converter.ref_enc, converter
