"""`python -m runtime install`: an official model on this machine, without PyTorch."""

import argparse
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import get_args

from runtime.commands.models import megabytes
from runtime.install.installation import Installation, InstallOptions, InstallPrecision
from runtime.install.official import OFFICIAL_MODELS
from runtime.manifest import MANIFEST

NAME = "install"
HELP = "install an official OpenVoice model, without PyTorch"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this subcommand's arguments."""
    parser.add_argument("model", choices=OFFICIAL_MODELS, help="the model to install")
    parser.add_argument(
        "--checkpoint",
        type=Path,
        metavar="FILE",
        help="take this checkpoint instead of downloading it; a config.json beside it is checked",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help="folder to install into (default: the model's name in the folder of models); a model "
        "that is there is replaced",
    )
    parser.add_argument(
        "--precision",
        choices=get_args(InstallPrecision),
        default="fp32",
        help="int8 is faster on most CPUs, a little less accurate, and needs the extra `quantize` "
        "(default: fp32)",
    )
    parser.add_argument(
        "--calibration",
        type=Path,
        metavar="DIR",
        help="folder of speech to calibrate int8 on: more voices make it more accurate "
        "(default: the shipped samples)",
    )
    parser.add_argument(
        "--sha256",
        metavar="HEX",
        type=_sha256,
        help="SHA-256 that the checkpoint must have (default: the official file's, where known)",
    )
    parser.add_argument(
        "--verify-with-torch",
        action="store_true",
        help="also compare the installed graphs with PyTorch, which must be installed",
    )
    parser.add_argument(
        "--if-missing",
        action="store_true",
        help="do nothing if the model is already installed, in any precision",
    )


def run(options: argparse.Namespace) -> None:
    """Install the model and say where it is and what it showed."""
    if options.calibration is not None and options.precision != "int8":
        sys.exit("--calibration goes with --precision int8")
    installation = Installation(
        OFFICIAL_MODELS[options.model],
        InstallOptions(
            options.checkpoint,
            options.output,
            options.sha256,
            options.precision,
            options.calibration,
            options.verify_with_torch,
        ),
        _announce,
    )
    if options.if_missing and (installation.folder / MANIFEST).is_file():
        return
    # what is half done is cleared away at the end of a container's life, too
    signal.signal(signal.SIGTERM, _interrupt)
    installed = installation.run()
    proof = installed.proof
    _announce(
        f"at tau 0 a sample comes out {proof.distance_db:.1f} dB (log-mel) from its source, "
        f"at {proof.level_db:.0f} dBFS"
    )
    if proof.warning:
        print(f"warning: {proof.warning}", file=sys.stderr)
    print(
        f"installed {installed.manifest.name} ({installed.manifest.precision}, "
        f"{megabytes(installed.folder)}) in {installed.folder}"
    )


def _announce(line: str) -> None:
    print(line, flush=True)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _sha256(text: str) -> str:
    digits = text.lower()
    if len(digits) != 64 or not set(digits) <= set("0123456789abcdef"):
        raise argparse.ArgumentTypeError("64 hexadecimal digits are meant")
    return digits
