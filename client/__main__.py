"""`python -m client`: convert speech on a server, from the command line.

Exit codes: 0 on success, 1 on failure (with one line on standard error), 2 for arguments that are
not understood, 130 after an interruption. `verify` ends with 1 where a file is not marked.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, get_args

from tqdm import tqdm

from client import live_command, voices_command
from client.audio import write_wav
from client.errors import ApiError, ClientError
from client.protocol import AudioFormat, CloneOptions, OutputOptions
from client.results import Piece
from client.synchronous import Client

PROGRAM = "python -m client"

FORMATS: dict[str, AudioFormat] = {
    ".flac": "flac",
    ".mp3": "mp3",
    ".ogg": "ogg",
    ".opus": "ogg",
}
"""Format of an output by its ending; WAV for every other."""

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130


def parser(program: str = PROGRAM) -> argparse.ArgumentParser:
    """Build the parser of the command line."""
    result = argparse.ArgumentParser(
        prog=program,
        description="Convert speech to another voice on an openvoice-onnx server.",
        epilog="A server's API key is read from the environment variable OPENVOICE_API_KEY.",
    )
    commands = result.add_subparsers(dest="command", required=True)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--server",
        required=True,
        metavar="URL",
        help="address of the server, such as http://host:5000",
    )

    convert = argparse.ArgumentParser(add_help=False)
    convert.add_argument(
        "--tau",
        type=float,
        help="strength of the target's voice, 0 to 1: higher sounds more like the target and less "
        "like the source (default: the server's)",
    )
    convert.add_argument(
        "--temperature",
        type=float,
        help="random variation of the result, 0 to 1: higher varies more from run to run, 0 always "
        "gives the same result (default: the server's)",
    )
    convert.add_argument(
        "--seed",
        type=int,
        help="seed of the random variation: the same seed gives the same result "
        "(default: a new one)",
    )

    clone = commands.add_parser(
        "clone", parents=[common, convert], help="convert a file of speech to another voice"
    )
    voices_command.add_target(clone)
    clone.add_argument("--source", required=True, metavar="FILE", help="speech to convert")
    clone.add_argument(
        "--output",
        required=True,
        type=Path,
        metavar="FILE",
        help="file to write; its ending (.mp3, .flac, .ogg or .opus) names the format, else WAV",
    )
    clone.add_argument(
        "--format",
        choices=get_args(AudioFormat),
        help="format of the file as the server writes it, metadata included, whatever its ending; "
        "ogg holds Opus, pcm is raw 16-bit samples",
    )
    clone.add_argument(
        "--sample-rate",
        type=int,
        metavar="HZ",
        help="sample rate of the file, 8000 to 48000 (default: 22050, for ogg 48000)",
    )
    clone.add_argument("--quiet", action="store_true", help="do not show a progress bar")

    live = commands.add_parser(
        "live",
        parents=[common, convert],
        help="convert raw PCM from a microphone while it is spoken",
    )
    live_command.add_arguments(live)

    verify = commands.add_parser(
        "verify", parents=[common], help="tell whether audio files are marked as generated"
    )
    verify.add_argument("files", nargs="+", metavar="FILE", help="audio files to read")

    voices = commands.add_parser("voices", help="store, list and delete voices on a server")
    actions = voices.add_subparsers(dest="action", required=True)
    voices_command.add_arguments(actions, common)

    commands.add_parser(
        "info", parents=[common], help="print the server's model, limits and speed, as JSON"
    )
    return result


def clone(client: Client, options: argparse.Namespace) -> None:
    """Convert a file, writing each piece as it arrives; the output appears once it is complete."""
    partial = options.output.with_name(options.output.name + ".part")
    format: AudioFormat = options.format or FORMATS.get(options.output.suffix.lower(), "wav")
    try:
        with partial.open("wb") as file:
            if options.format is None and format == "wav" and options.sample_rate is None:
                clone_wav(client, options, file)
            else:
                clone_encoded(client, options, format, file)
        partial.replace(options.output)
    finally:
        partial.unlink(missing_ok=True)


def clone_wav(client: Client, options: argparse.Namespace, file: BinaryIO) -> None:
    """Write a WAV file from the pieces of a stream, which say how far the conversion is."""
    hidden = True if options.quiet else None
    with (
        client.clone_stream(options.target, options.source, **conversion(options)) as stream,
        tqdm(total=round(stream.head.seconds, 2), unit="s", disable=hidden) as bar,
    ):
        write_wav(file, samples(stream, bar.update), stream.head.sample_rate_hz)


def clone_encoded(
    client: Client, options: argparse.Namespace, format: AudioFormat, file: BinaryIO
) -> None:
    """Write a file in any format, as the server encodes it."""
    output: OutputOptions = {
        **conversion(options),
        "format": format,
        "sample_rate": options.sample_rate,
    }
    hidden = True if options.quiet else None
    with (
        client.clone_encoded(options.target, options.source, **output) as blocks,
        tqdm(unit="B", unit_scale=True, disable=hidden) as bar,
    ):
        for block in blocks:
            file.write(block)
            bar.update(len(block))


def verify(client: Client, options: argparse.Namespace) -> int:
    """Print a line a file, and return 0 if every one is marked."""
    code = 0
    for file in options.files:
        found = client.verify(file)
        watermark = "watermark" if found.watermarked else "no watermark"
        label = found.metadata
        text = (
            f"label of {label['content_producer']}, {label['produce_id']}" if label else "no label"
        )
        print(f"{file}: {watermark} (confidence {found.confidence:.2f}), {text}")
        code = code if found.marked else EXIT_FAILED
    return code


def conversion(options: argparse.Namespace) -> CloneOptions:
    """Return the options of the conversion."""
    return {
        "tau": options.tau,
        "temperature": options.temperature,
        "seed": options.seed,
        "target_voice": voices_command.target_voice(options),
    }


def samples(pieces: Iterable[Piece], update: Callable[[float], object]) -> Iterator[bytes]:
    """Yield the samples of each piece, then call `update` with its length in seconds."""
    for piece in pieces:
        yield piece.pcm
        update(piece.seconds)


def main(arguments: list[str] | None = None, program: str = PROGRAM) -> int:
    """Run a command and return its exit code."""
    options = parser(program).parse_args(arguments)
    try:
        with Client(options.server, api_key=os.environ.get("OPENVOICE_API_KEY")) as client:
            if options.command == "clone":
                clone(client, options)
            elif options.command == "live":
                live_command.run(client, options)
            elif options.command == "verify":
                return verify(client, options)
            elif options.command == "voices":
                voices_command.run(client, options)
            else:
                print(json.dumps(client.info(), ensure_ascii=False, indent=2))
    except ApiError as error:
        request = f" [request {error.request_id}]" if error.request_id else ""
        return fail(f"{error}{request}")
    except ClientError as error:
        return fail(str(error))
    except OSError as error:
        return fail(f"{error.filename}: {error.strerror}")
    except KeyboardInterrupt:
        fail("interrupted")
        return EXIT_INTERRUPTED
    return 0


def fail(message: str) -> int:
    """Print one line to standard error and return the exit code of a failure."""
    print("error: " + " ".join(message.split()), file=sys.stderr)
    return EXIT_FAILED


if __name__ == "__main__":
    sys.exit(main())
