"""`python -m client live`: send raw PCM while it is spoken and write what comes back."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from io import RawIOBase

from client import voices_command
from client.synchronous import Client

SAMPLE_BYTES = {"pcm_s16le": 2, "pcm_f32le": 4}
BLOCK_BYTES = 1 << 14


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments, beyond those of every command."""
    voices_command.add_target(parser)
    parser.add_argument(
        "--speaker",
        metavar="FILE",
        help="clip of the voice that speaks (default: it is learnt within seconds of speech)",
    )
    parser.add_argument(
        "--input",
        default="-",
        metavar="FILE",
        help="raw mono PCM to send, or - for standard input (default)",
    )
    parser.add_argument(
        "--output",
        default="-",
        metavar="FILE",
        help="file to write 16-bit mono PCM to, or - for standard output (default)",
    )
    parser.add_argument(
        "--rate",
        type=int,
        metavar="HZ",
        help="sample rate of the input, 8000 to 48000 (default: the model's, which adds no delay)",
    )
    parser.add_argument(
        "--format",
        choices=SAMPLE_BYTES,
        default="pcm_s16le",
        help="sample format of the input, mono (default: %(default)s)",
    )
    parser.add_argument(
        "--latency",
        choices=("low", "balanced", "exact"),
        help="low has the lowest latency, exact the highest (default: the server's, balanced)",
    )


def run(client: Client, options: argparse.Namespace) -> None:
    """Convert from the input to the output until the input ends or nobody reads the output."""
    with (
        suppress(BrokenPipeError),
        ExitStack() as files,
        client.live(
            options.target,
            target_voice=voices_command.target_voice(options),
            speaker=options.speaker,
            sample_rate=options.rate,
            format=options.format,
            latency=options.latency,
            tau=options.tau,
            temperature=options.temperature,
            seed=options.seed,
        ) as session,
    ):
        ready = session.ready
        print(
            f"live: 16-bit mono at {ready.sample_rate_hz} Hz, {ready.latency_seconds:.3f} s behind "
            "the input",
            file=sys.stderr,
            flush=True,
        )
        stdin, stdout = options.input == "-", options.output == "-"
        source = files.enter_context(
            open(0 if stdin else options.input, "rb", 0, closefd=not stdin)
        )
        sink = files.enter_context(open(1 if stdout else options.output, "wb", closefd=not stdout))
        for pcm in session.convert(whole_samples(source, SAMPLE_BYTES[options.format])):
            sink.write(pcm)
            sink.flush()
        if session.stats is not None and session.stats.late_steps:
            print(
                f"{session.stats.late_steps} of {session.stats.steps} steps were late",
                file=sys.stderr,
            )


def whole_samples(source: RawIOBase, sample_bytes: int) -> Iterator[bytes]:
    """Yield what can be read as soon as it can, cut between samples."""
    rest = b""
    while data := source.read(BLOCK_BYTES):
        rest += data
        whole = len(rest) - len(rest) % sample_bytes
        if whole:
            yield rest[:whole]
        rest = rest[whole:]
