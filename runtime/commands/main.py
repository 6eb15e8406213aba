"""Entry point of the command line: argument parser, error messages and exit codes."""

import argparse
import sys
from collections.abc import Mapping, Sequence

from runtime.commands import clone, info, install, live, models, remove, verify
from runtime.errors import OpenVoiceError

COMMANDS = (clone, live, verify, info, install, models, remove)

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130


def main(
    arguments: Sequence[str] | None = None,
    program: str = "python -m runtime",
    others: Mapping[str, str] | None = None,
) -> int:
    """Run the command line.

    Args:
        arguments: Arguments after the program's name; None takes the process's own.
        program: Program name in usage messages.
        others: Subcommands that the caller runs itself, with their descriptions for the help.

    Returns:
        Exit code: 0 on success, 1 on failure (with one line on standard error), 2 for arguments
        that are not understood, 130 after an interruption; `verify` has codes of its own.
    """
    parser = argparse.ArgumentParser(prog=program, description="Voice cloning on ONNX Runtime.")
    subparsers = parser.add_subparsers(dest="command", required=True)
    for command in COMMANDS:
        subparser = subparsers.add_parser(command.NAME, help=command.HELP)
        command.add_arguments(subparser)
        subparser.set_defaults(run=command.run)
    for name, description in (others or {}).items():
        subparsers.add_parser(name, help=description)
    options = parser.parse_args(arguments)
    try:
        code: int | None = options.run(options)
    except OpenVoiceError as error:
        return _fail(" ".join([*getattr(error, "__notes__", []), str(error)]))
    except OSError as error:
        return _fail(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    except KeyboardInterrupt:
        _fail("interrupted")
        return EXIT_INTERRUPTED
    return code or 0


def _fail(message: str) -> int:
    print(f"error: {message}", file=sys.stderr)
    return EXIT_FAILED
