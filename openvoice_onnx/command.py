"""The command `openvoice-onnx`: the server, its client and the library's subcommands."""

import sys
from collections.abc import Sequence

from runtime.commands import main as library

PROGRAM = "openvoice-onnx"
OTHERS = {
    "serve": "serve voice cloning over HTTP",
    "client": "send requests to a running server (needs the extra client)",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a subcommand of the library, or pass the arguments on to the server or the client.

    Args:
        arguments: The arguments after the program's name; None takes the process's own.

    Returns:
        The exit code.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["serve"]:
        from server.__main__ import main as serve

        return serve(given[1:], program=f"{PROGRAM} serve")
    if given[:1] == ["client"]:
        from client.__main__ import main as send

        return send(given[1:], program=f"{PROGRAM} client")
    return library.main(given, program=PROGRAM, others=OTHERS)
