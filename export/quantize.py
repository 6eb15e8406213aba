"""`python -m export.quantize`: bring a float32 bundle to int8, without PyTorch."""

import argparse
import sys
from pathlib import Path

from export.calibration_speech import SAMPLES
from export.errors import ExportError
from export.quantization import quantize_bundle
from runtime import OpenVoiceError


def announce(line: str) -> None:
    """Print a line of progress at once."""
    print(line, flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: Arguments without the program's name; None takes the process's.

    Returns:
        The exit status: 0 only for a bundle that passed every check.
    """
    parser = argparse.ArgumentParser(prog="python -m export.quantize", description=__doc__)
    parser.add_argument("bundle", type=Path, help="folder of a float32 bundle, which is replaced")
    parser.add_argument(
        "--calibration",
        type=Path,
        default=SAMPLES,
        help="folder of speech to calibrate on, a third of it kept to judge by: dozens of voices "
        "are better than the shipped samples, the default",
    )
    options = parser.parse_args(arguments)
    try:
        quantize_bundle(options.bundle, options.bundle, options.calibration, announce)
    except (ExportError, OpenVoiceError) as error:
        print(f"export.quantize: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
