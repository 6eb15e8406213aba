"""`python -m server`: read the settings, load the model and serve until a signal.

`python -m server new-key NAME` makes an API key instead.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from typing import Any

from server import settings as settings_module
from server.keys.key_file import make_key
from server.keys.key_ring import KeyRing
from server.settings import OPTIONS, Settings, SettingsError
from server.telemetry import logs
from server.voices.address import check_address

_log = logging.getLogger(__name__)

NEW_KEY = "new-key"


def parse_arguments(arguments: list[str], program: str) -> dict[str, Any]:
    """Parse the command line into the settings that it gives; the others are absent.

    Raises:
        SettingsError: A value cannot be used.
    """
    parser = argparse.ArgumentParser(
        prog=program,
        description="Serve voice cloning over HTTP.",
        epilog="Every option is also a variable, such as OPENVOICE_BODY_BYTES for --body-bytes; "
        "the address is OPENVOICE_BIND=host:port. "
        f"`{program} {NEW_KEY} NAME` makes an API key for the file that --api-keys names.",
    )
    defaults = Settings()
    for name, option in OPTIONS.items():
        allowed = settings_module.choices(name)
        default = getattr(defaults, name)
        number = f"{default:g}" if isinstance(default, float) else default
        shown = "" if default in (None, ()) else f" (default {number})"
        parser.add_argument(
            "--" + name.replace("_", "-"),
            dest=name,
            default=None,
            metavar=None if allowed else _metavar(name),
            choices=allowed or None,
            help=option.about + shown,
        )
    given = {name: text for name, text in vars(parser.parse_args(arguments)).items() if text}
    found: dict[str, Any] = {}
    for name, text in given.items():
        try:
            found[name] = (
                settings_module.parse_port(text)
                if name == "port"
                else settings_module.parse(name, text)
            )
        except SettingsError as error:
            raise SettingsError(f"--{name.replace('_', '-')}: {error}") from None
    return found


def _metavar(name: str) -> str:
    """Return the unit in a setting's name, or the last word of the name."""
    words = name.upper().split("_")
    return "BYTES" if "BYTES" in words else words[-1]


def main(arguments: list[str] | None = None, program: str = "python -m server") -> int:
    """Run the command and return its exit status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == [NEW_KEY]:
        return _make_key(arguments[1:], f"{program} {NEW_KEY}")
    try:
        overrides = parse_arguments(arguments, program)
        settings, warnings = settings_module.from_environment(os.environ, overrides)
        if settings.voices is not None:
            check_address(settings.voices)
        KeyRing.of(settings)
    except SettingsError as error:
        print(f"{program}: {error}", file=sys.stderr)
        return 2
    return _serve(settings, warnings)


def _make_key(arguments: list[str], program: str) -> int:
    parser = argparse.ArgumentParser(
        prog=program,
        description="Make an API key. Prints the key, which is for its client and is kept nowhere, "
        "and the line for the file of keys.",
    )
    parser.add_argument("name", help="name of the key, in the log, in metrics and of its voices")
    name = parser.parse_args(arguments).name
    try:
        key, line = make_key(name)
    except ValueError as error:
        print(f"{program}: {error}", file=sys.stderr)
        return 2
    print(key)
    print(line)
    return 0


def _serve(settings: Settings, warnings: list[str]) -> int:
    logs.configure(settings.log_level)
    for warning in warnings:
        _log.warning(warning)
    # Imported here so that --help and a bad option answer at once.
    if settings.processes == 1:
        from server.serving import serve

        return serve(settings)
    from server.process.process_group import ProcessGroup
    from server.serving import serve_member

    return ProcessGroup(settings, serve_member).run()


if __name__ == "__main__":
    sys.exit(main())
