"""`python -m export`: export an official checkpoint to a checked bundle."""

import argparse
import hashlib
import sys
from pathlib import Path
from typing import get_args

from export.bundle import BundleFacts, write_bundle
from export.bundle_folder import replacing
from export.calibration_speech import SAMPLES, find_recordings
from export.checkpoint import build_converter, find_checkpoint, read_state
from export.config import ConverterConfig, read_config
from export.errors import ExportError
from export.graphs import DEFAULT_OPSET, OPSETS
from export.half import halve_bundle
from export.quantization import quantize_bundle
from runtime.manifest import Precision

LICENCE = "The checkpoint's own; the official OpenVoice V1 and V2 checkpoints are MIT-licensed"
# The tone's weights that the HTTP contract promises as shares of the rise in similarity. Official
# weights are assumed to make similarity proportional to the tone's weight.
TAU_CURVE = ((0.0, 0.0), (0.2, 0.2), (0.3, 0.4), (0.5, 0.7), (0.6, 0.85), (1.0, 1.0))
# Ten seconds fit in one window, and context adds a fifth to the work.
WINDOW_FRAMES = 1024
REDUCERS = {"fp16": halve_bundle, "int8": quantize_bundle}


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line.

    Args:
        arguments: Arguments without the program's name; None takes the process's.

    Returns:
        The options.
    """
    parser = argparse.ArgumentParser(prog="python -m export", description=__doc__)
    parser.add_argument(
        "--checkpoint",
        required=True,
        help="checkpoint to export: a file, a folder laid out as the official ones, or a Hugging "
        "Face "
        "hub name such as myshell-ai/OpenVoiceV2, which is downloaded",
    )
    parser.add_argument(
        "--config",
        type=Path,
        help="config.json of the checkpoint (default: the one beside it, otherwise V2's sizes)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        required=True,
        help="folder of the bundle, such as onnx_models/openvoice-v2; an older bundle is replaced",
    )
    parser.add_argument(
        "--opset",
        type=int,
        choices=OPSETS,
        default=DEFAULT_OPSET,
        metavar=f"{OPSETS.start}..{OPSETS.stop - 1}",
        help="ONNX operator set of the graphs; a higher one needs a newer ONNX Runtime "
        f"(default: {DEFAULT_OPSET})",
    )
    parser.add_argument(
        "--precision",
        choices=get_args(Precision),
        default="fp32",
        help="precision that the converter computes in: fp16 is faster on GPUs and int8 on CPUs "
        "with "
        "VNNI, both at some loss of accuracy (default: fp32)",
    )
    parser.add_argument(
        "--calibration",
        type=Path,
        help="folder of speech that int8 is calibrated on and that int8 and fp16 are judged by, a "
        "third of it unseen; more voices make int8 more accurate (default: the shipped samples)",
    )
    options = parser.parse_args(arguments)
    if options.calibration is not None and options.precision == "fp32":
        parser.error("--calibration needs --precision fp16 or int8")
    return options


def announce(line: str) -> None:
    """Print a line of progress without delay."""
    print(line, flush=True)


def export(options: argparse.Namespace) -> None:
    """Export a checkpoint.

    Args:
        options: Options from `parse`.

    Raises:
        ExportError: The export failed, or the graphs failed a check.
    """
    calibration = options.calibration or SAMPLES
    if options.precision != "fp32":
        # Fail on missing speech before the export, which takes minutes.
        find_recordings(calibration)
    files = find_checkpoint(options.checkpoint)
    config_path = options.config or files.config
    if config_path is None:
        announce(f"no config.json beside {files.checkpoint}: using V2's sizes")
        config = ConverterConfig()
    else:
        config = read_config(config_path)
    announce(f"loading {files.checkpoint}, an OpenVoice {config.variant.upper()} converter")
    converter = build_converter(config, read_state(files.checkpoint))
    facts = BundleFacts(
        name=options.output.resolve().name,
        variant=config.variant,
        sample_rate_hz=config.sampling_rate,
        fft_samples=config.filter_length,
        hop_samples=config.hop_length,
        tone_dimension=config.gin_channels,
        latent_channels=config.inter_channels,
        input_bandwidth_hz=config.sampling_rate / 2,
        tau_curve=TAU_CURVE,
        window_frames=WINDOW_FRAMES,
        licence=LICENCE,
        provenance=f"exported from {files.origin}",
        checkpoint_sha256=hashlib.sha256(files.checkpoint.read_bytes()).hexdigest(),
    )
    with replacing(options.output) as draft:
        full = draft if options.precision == "fp32" else draft.with_name("fp32")
        write_bundle(
            converter.ref_enc, converter, facts, full, opset=options.opset, announce=announce
        )
        if options.precision != "fp32":
            REDUCERS[options.precision](full, draft, calibration, announce)
    announce(f"wrote {options.output}")


def main(arguments: list[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: Arguments without the program's name; None takes the process's.

    Returns:
        The exit status: 0 only for a bundle that passed every check.
    """
    options = parse(arguments)
    try:
        export(options)
    except ExportError as error:
        print(f"export: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
