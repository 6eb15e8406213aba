"""Command-line arguments that several subcommands share."""

import argparse
from pathlib import Path
from typing import get_args

from runtime.models import DEFAULT_MODEL
from runtime.sessions import Provider


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
        help="where the model runs; auto takes cuda where it works, else cpu (default: auto)",
    )
    parser.add_argument(
        "--threads",
        type=int,
        help="CPU threads of one run: more are faster, up to the number of cores, and leave fewer "
        "cores to other programs (default: every available core)",
    )
