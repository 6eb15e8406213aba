"""`python -m client voices`: store, list and delete voices, and name them as targets."""

from __future__ import annotations

import argparse
import dataclasses
import json

from client.protocol import TargetVoice
from client.synchronous import Client


def add_arguments(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser
) -> None:
    """Add the command's own commands.

    Args:
        commands: What they are added to.
        common: Arguments of every command.
    """
    add = commands.add_parser("add", parents=[common], help="store a voice under a name")
    add.add_argument("name", help="letters of any script, digits and the characters - _ .")
    add.add_argument(
        "clips",
        nargs="+",
        metavar="FILE",
        help="clip of the voice, or several clips of one speaker",
    )
    add.add_argument(
        "--keep-audio",
        action="store_true",
        help="store the clips too, so that the voice survives a change of the server's model",
    )
    commands.add_parser("list", parents=[common], help="print the stored voices, one a line")
    get = commands.add_parser("get", parents=[common], help="print a stored voice, as JSON")
    get.add_argument("name")
    delete = commands.add_parser("delete", parents=[common], help="delete a stored voice")
    delete.add_argument("name")


def add_target(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that name a target, of which a command needs one."""
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument(
        "--target",
        nargs="+",
        metavar="FILE",
        help="clip of the voice to imitate, or several clips of one speaker",
    )
    target.add_argument(
        "--target-voice",
        nargs="+",
        type=_weighted,
        metavar="NAME[=WEIGHT]",
        help="stored voice to imitate, or several to mix, such as anna=0.7 ben=0.3",
    )


def target_voice(options: argparse.Namespace) -> TargetVoice | None:
    """Return the stored voice or the mix that the arguments name, if any."""
    if options.target_voice is None:
        return None
    weights = dict(options.target_voice)
    (name, *others) = weights
    return weights if others else name


def run(client: Client, options: argparse.Namespace) -> None:
    """Run one of the commands."""
    if options.action == "list":
        for voice in client.voices.list():
            print(voice.name)
    elif options.action == "delete":
        client.voices.delete(options.name)
    else:
        if options.action == "add":
            found = client.voices.add(options.name, options.clips, keep_audio=options.keep_audio)
        else:
            found = client.voices.get(options.name)
        print(json.dumps(dataclasses.asdict(found), ensure_ascii=False, indent=2))


def _weighted(text: str) -> tuple[str, float]:
    name, equals, weight = text.partition("=")
    try:
        return name, float(weight) if equals else 1.0
    except ValueError:
        raise argparse.ArgumentTypeError(f"the weight in {text} is not a number") from None
