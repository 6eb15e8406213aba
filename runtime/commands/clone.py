"""`python -m runtime clone`: convert a file of speech to another voice."""

import argparse
import time
from pathlib import Path
from uuid import uuid4

from runtime.cloner import VoiceCloner
from runtime.commands.arguments import (
    add_conversion_arguments,
    add_marking_argument,
    add_model_arguments,
    add_target_argument,
)
from runtime.commands.voices import embed_voice, naming, progress_bar
from runtime.errors import InvalidOption
from runtime.files import convert_file, embed_file
from runtime.marking.label import DEFAULT_PRODUCER, Label
from runtime.marking.writer import WatermarkWriter
from runtime.options import check_seed, check_share

NAME = "clone"
HELP = "convert a file of speech to another voice"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this subcommand's arguments."""
    add_target_argument(parser)
    parser.add_argument(
        "--source", type=Path, required=True, metavar="FILE", help="speech to convert"
    )
    parser.add_argument(
        "--output", type=Path, required=True, metavar="FILE", help="WAV file to write"
    )
    add_conversion_arguments(parser)
    add_marking_argument(parser)
    add_model_arguments(parser)


def run(options: argparse.Namespace) -> None:
    """Convert the source and write the WAV file."""
    check_share("tau", options.tau)
    check_share("temperature", options.temperature)
    if options.seed is not None:
        check_seed(options.seed)
    if options.output.suffix.lower() not in {".wav", ""}:
        raise InvalidOption("output", str(options.output), "the result is a WAV file; name it .wav")
    begun = time.perf_counter()
    cloner = VoiceCloner.load(options.model, provider=options.provider, threads=options.threads)
    target_tone = embed_voice(cloner, options.target)
    with naming(options.source), progress_bar("reading", None) as progress:
        source = embed_file(cloner, options.source, allow_silent=True, progress=progress)
    seconds = source.samples / cloner.sample_rate_hz
    writer = None
    if options.marking == "full":
        writer = WatermarkWriter.load(
            cloner.sample_rate_hz, provider=options.provider, threads=options.threads
        )
    with naming(options.source), progress_bar("converting", seconds) as progress:
        seed = convert_file(
            cloner,
            source,
            target_tone,
            options.output,
            tau=options.tau,
            temperature=options.temperature,
            seed=options.seed,
            writer=writer,
            label=None if options.marking == "none" else Label(DEFAULT_PRODUCER, uuid4().hex),
            progress=progress,
        )
    taken = time.perf_counter() - begun
    print(f"{options.output}: {seconds:.2f} s of audio in {taken:.2f} s, seed {seed}")
