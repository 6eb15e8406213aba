"""Command-line arguments that several subcommands share."""

import argparse
from pathlib import Path
from typing import get_args

from runtime.marking.label import Marking
from runtime.models import DEFAULT_MODEL
from runtime.options import DEFAULT_TAU, DEFAULT_TEMPERATURE
from runtime.providers import Provider


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose a model and where it runs."""
    parser.add_argument(
        "--model",
        type=Path,
        default=DEFAULT_MODEL,
        metavar="MODEL",
        help="name of an installed model, or its folder (default: the included compact model)",
    )
    parser.add_argument(
        "--provider",
        choices=get_args(Provider),
        default="auto",
        help="where the model runs; auto takes cuda where it works, else cpu; one that is named "
        "and missing is an error (default: auto)",
    )
    parser.add_argument(
        "--threads",
        type=int,
        help="number of CPU threads; more is faster, up to the number of cores, and leaves fewer "
        "cores to other programs (default: every available core)",
    )


def add_target_argument(parser: argparse.ArgumentParser) -> None:
    """Add the option that names the voice to imitate."""
    parser.add_argument(
        "--target",
        type=Path,
        nargs="+",
        required=True,
        metavar="FILE",
        help="clip of the voice to imitate, or several clips of one speaker",
    )


def add_conversion_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of a conversion: strength, variation and seed."""
    parser.add_argument(
        "--tau",
        type=float,
        default=DEFAULT_TAU,
        help="strength of the target's voice, 0 to 1: higher sounds more like the target and less "
        "like the source (default: %(default)s)",
    )
    parser.add_argument(
        "--temperature",
        type=float,
        default=DEFAULT_TEMPERATURE,
        help="random variation of the result, 0 to 1: higher varies more from run to run, 0 always "
        "gives the same result (default: %(default)s)",
    )
    parser.add_argument(
        "--seed",
        type=int,
        help="seed of the random variation: the same seed gives the same result "
        "(default: a new one, which is printed)",
    )


def add_marking_argument(parser: argparse.ArgumentParser) -> None:
    """Add the option that says how results are marked."""
    parser.add_argument(
        "--marking",
        choices=get_args(Marking),
        default="full",
        help="how results say that they were generated: full adds an inaudible watermark and "
        "metadata, metadata only the latter (default: full)",
    )
