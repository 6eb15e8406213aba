"""`python -m client`: use a server from the command line.

Exit codes: 0 done, 1 something failed (one line on standard error says what), 2 the arguments are
not understood, 130 interrupted.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from tqdm import tqdm

from client.audio import write_wav
from client.errors import ApiError, ClientError
from client.protocol import CloneOptions
from client.results import Piece
from client.synchronous import Client

PROGRAM = "python -m client"

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130


def parser(program: str = PROGRAM) -> argparse.ArgumentParser:
    """Return the command line's grammar."""
    result = argparse.ArgumentParser(prog=program, description=__doc__.split("\n")[0])
    commands = result.add_subparsers(dest="command", required=True)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--server", required=True, metavar="URL", help="such as http://host:5000")

    clone = commands.add_parser("clone", parents=[common], help="convert a source file")
    clone.add_argument(
        "--target",
        required=True,
        nargs="+",
        metavar="FILE",
        help="the voice to imitate: one clip, or several of one speaker",
    )
    clone.add_argument("--source", required=True, metavar="FILE", help="speech to convert")
    clone.add_argument("--output", required=True, type=Path, metavar="FILE", help="WAV to write")
    clone.add_argument("--tau", type=float, help="how strongly, 0 to 1; 1 converts fully")
    clone.add_argument("--temperature", type=float, help="of the noise, 0 to 1; 0 is repeatable")
    clone.add_argument("--seed", type=int, help="repeat the noise of an earlier run")
    clone.add_argument("--quiet", action="store_true", help="show no progress bar")

    commands.add_parser("info", parents=[common], help="print what the server runs, as JSON")
    result.epilog = "A server's API key is read from the variable OPENVOICE_API_KEY."
    return result


def clone(client: Client, options: argparse.Namespace) -> None:
    """Convert a file, writing each piece as it arrives; the output appears when it is whole."""
    partial = options.output.with_name(options.output.name + ".part")
    hidden = True if options.quiet else None
    try:
        with (
            client.clone_stream(options.target, options.source, **wishes(options)) as stream,
            partial.open("wb") as file,
            tqdm(total=round(stream.head.seconds, 2), unit="s", disable=hidden) as bar,
        ):
            write_wav(file, shown(stream, bar.update), stream.head.sample_rate_hz)
        partial.replace(options.output)
    finally:
        partial.unlink(missing_ok=True)


def wishes(options: argparse.Namespace) -> CloneOptions:
    """Pick what the command line says about the conversion."""
    given: CloneOptions = {}
    if options.tau is not None:
        given["tau"] = options.tau
    if options.temperature is not None:
        given["temperature"] = options.temperature
    if options.seed is not None:
        given["seed"] = options.seed
    return given


def shown(pieces: Iterable[Piece], update: Callable[[float], object]) -> Iterator[bytes]:
    """Pass the samples of pieces on, telling `update` how many seconds each has."""
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
