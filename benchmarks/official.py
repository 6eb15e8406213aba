"""Models of the official size: a user's checkpoint, or one with weights drawn for the purpose."""

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
"""Same plan, a few channels: to see that everything works."""


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
    """Find the checkpoint that the official size is measured with; drawn ones are kept.

    Raises:
        CheckpointError: the one asked for is not there.
    """
    if options.checkpoint is not None:
        return find_checkpoint(options.checkpoint)
    folder = options.work / ("small-checkpoint" if options.quick else "drawn-checkpoint")
    if not (folder / "config.json").exists():
        config = SMALL if options.quick else FULL
        folder.mkdir(parents=True, exist_ok=True)
        state = drawn_state(config)
        torch.save({"model": state}, folder / "checkpoint.pth")
        # written last, so that a checkpoint with it is whole
        (folder / "config.json").write_text(json.dumps(dataclasses.asdict(config)))
    return find_checkpoint(str(folder))


def official_bundle(options: Options, precision: str = "fp32") -> Path:
    """Export the official size, unless that was done before.

    Args:
        options: which checkpoint, and where exports are kept.
        precision: of the graphs.

    Raises:
        BenchmarkError: the export failed; it has said why.
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
    """Say whether a folder holds a bundle of this very checkpoint."""
    if not (folder / "manifest.json").exists():
        return False
    digest = hashlib.sha256(checkpoint.read_bytes()).hexdigest()
    return Manifest.read(folder / "manifest.json").checkpoint_sha256 == digest


class Upstream(nn.Module):
    """The converter as upstream runs it: every tone path there, fed with zeros in V2."""

    def __init__(self, config: ConverterConfig, state: dict[str, Tensor]) -> None:
        """Args:
        config: sizes.
        state: name to tensor, as the official file stores them.
        """
        super().__init__()
        self.zero_tone = config.zero_g
        self.converter = ToneColourConverter(config, conditioned=True)
        self.converter.load_state_dict(fold_weight_norm(state), strict=True)

    def forward(
        self, spectrogram: Tensor, source_tone: Tensor, target_tone: Tensor, noise: Tensor
    ) -> Tensor:
        """Args:
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
    """Load tone encoder and converter in PyTorch, weight norm folded and nothing else.

    Raises:
        CheckpointError: the checkpoint cannot be read.
    """
    files = official_checkpoint(options)
    config = ConverterConfig() if files.config is None else read_config(files.config)
    converter = Upstream(config, read_state(files.checkpoint)).eval().requires_grad_(False)
    return converter.converter.ref_enc, converter
