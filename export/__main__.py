"""`python -m export`: export an official checkpoint to a checked bundle."""

import argparse
import hashlib
import sys
from pathlib import Path
from typing import get_args

from export.bundle import write_bundle
from export.calibration_speech import SAMPLES, find_recordings
from export.checkpoint import build_converter, find_checkpoint, read_state
from export.config import ConverterConfig, read_config
from export.errors import ExportError
from export.graphs import DEFAULT_OPSET, OPSETS
from export.half import halve_bundle
from export.official import official_facts
from export.quantization import quantize_bundle
from runtime import OpenVoiceError
from runtime.install.placement import replacing
from runtime.manifest import Precision

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
        help="precision that the converter computes in: fp16 is faster on GPUs and int8 on most "
        "CPUs, both at some loss of accuracy (default: fp32)",
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
        OpenVoiceError: The output cannot be written.
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
    facts = official_facts(
        config,
        name=options.output.resolve().name,
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
    except (ExportError, OpenVoiceError) as error:
        print(f"export: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
