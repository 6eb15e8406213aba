"""`python -m runtime live`: convert raw PCM while it is spoken."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from io import RawIOBase
from pathlib import Path
from typing import BinaryIO, get_args

from runtime import wav
from runtime.cloner import VoiceCloner
from runtime.commands.arguments import (
    add_conversion_arguments,
    add_model_arguments,
    add_target_argument,
)
from runtime.commands.voices import embed_voice
from runtime.limits import MAXIMUM_LIVE_HZ, MINIMUM_LIVE_HZ
from runtime.live.pcm import PcmFormat, PcmReader
from runtime.live.window import Latency

NAME = "live"
HELP = "convert raw PCM from a microphone while it is spoken"

BLOCK_BYTES = 1 << 16


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this subcommand's arguments."""
    add_target_argument(parser)
    parser.add_argument(
        "--speaker",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="recordings of the person speaking; without them, the tone is estimated from the "
        "first seconds of speech",
    )
    parser.add_argument(
        "--latency",
        choices=get_args(Latency),
        default="balanced",
        help="low has the lowest latency; exact has the highest, and with --speaker and the same "
        "seed gives what clone gives (default: %(default)s)",
    )
    parser.add_argument(
        "--rate",
        type=int,
        metavar="HZ",
        help=f"sample rate of the input, {MINIMUM_LIVE_HZ} to {MAXIMUM_LIVE_HZ} "
        "(default: the model's, which adds no delay)",
    )
    parser.add_argument(
        "--format",
        choices=get_args(PcmFormat),
        default="pcm_s16le",
        help="sample format of the input, mono (default: %(default)s)",
    )
    parser.add_argument(
        "--input", default="-", metavar="FILE", help="raw PCM to read (default: standard input)"
    )
    parser.add_argument(
        "--output",
        default="-",
        metavar="FILE",
        help="16-bit raw PCM to write, at the model's rate (default: standard output)",
    )
    add_conversion_arguments(parser)
    add_model_arguments(parser)


def run(options: argparse.Namespace) -> None:
    """Convert from the input to the output until the input ends or nobody reads the output."""
    cloner = VoiceCloner.load(options.model, provider=options.provider, threads=options.threads)
    live = cloner.live(
        embed_voice(cloner, options.target),
        latency=options.latency,
        source_tone=None if options.speaker is None else embed_voice(cloner, options.speaker),
        sample_rate_hz=options.rate,
        tau=options.tau,
        temperature=options.temperature,
        seed=options.seed,
    )
    cloner.warm_up()
    print(
        f"live: 16-bit mono at {live.sample_rate_hz} Hz, {live.latency_seconds:.3f} s behind "
        f"the input, seed {live.seed}",
        file=sys.stderr,
        flush=True,
    )
    reader = PcmReader(options.format)
    with _opened(options.input, options.output) as (source, sink):
        while data := source.read(BLOCK_BYTES):
            _write(sink, wav.pcm16(live.feed(reader.read(data))))
        _write(sink, wav.pcm16(live.finish()))


def _write(sink: BinaryIO, data: bytes) -> None:
    if data:
        sink.write(data)
        sink.flush()


@contextmanager
def _opened(source: str, sink: str) -> Iterator[tuple[RawIOBase, BinaryIO]]:
    """Open both ends; where nobody reads the output any more, the block ends quietly."""
    with suppress(BrokenPipeError), ExitStack() as files:
        yield (
            files.enter_context(
                open(0 if source == "-" else source, "rb", 0, closefd=source != "-")
            ),
            files.enter_context(open(1 if sink == "-" else sink, "wb", closefd=sink != "-")),
        )
