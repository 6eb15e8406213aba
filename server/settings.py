"""What an operator may choose: one frozen value, read once from environment and command line.

Every field is a variable, `OPENVOICE_` and its name in capitals, and an option, `--` and its name
with hyphens. The address is the exception: it is `OPENVOICE_BIND=host:port`, because Kubernetes
sets `OPENVOICE_PORT` by itself for a service that is called openvoice.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_type_hints

Provider = Literal["auto", "cpu", "cuda"]
LogLevel = Literal["debug", "info", "warning", "error"]

PREFIX = "OPENVOICE_"
BIND = PREFIX + "BIND"
MIB = 1 << 20

_KUBERNETES = re.compile(
    r"_SERVICE_HOST$|_SERVICE_PORT(_[A-Z0-9_]+)?$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$"
)


class SettingsError(ValueError):
    """A setting has a value that it cannot have; the message names it and says what it may be."""


@dataclasses.dataclass(frozen=True, slots=True)
class Option:
    """What a setting's documentation says, and what holds for it.

    Args:
        about: What changing it does.
        minimum: The least value it may have.
    """

    about: str
    minimum: float = 0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting with its default; units are in the names."""

    host: Annotated[str, Option("address to listen on; 0.0.0.0 opens it to the network")] = (
        "127.0.0.1"
    )
    port: Annotated[int, Option("port to listen on; 0 takes a free one")] = 5000
    model: Annotated[Path | None, Option("model folder; else the compact model shipped")] = None
    provider: Annotated[
        Provider, Option("where graphs run; cuda fails at start where it is missing")
    ] = "auto"
    workers: Annotated[int, Option("inference steps that run at once", 1)] = 2
    threads: Annotated[
        int | None, Option("CPU threads of one inference step; else every CPU", 1)
    ] = None
    decoders: Annotated[int, Option("requests that are parsed or decoded at once", 1)] = 4
    api_key: Annotated[str | None, Option("key that clients must send; else none")] = None
    allowed_origins: Annotated[
        tuple[str, ...],
        Option("origins whose pages may call the API, separated by commas; * is every one"),
    ] = ()
    body_bytes: Annotated[int, Option("largest request body", 1)] = 64 * MIB
    source_seconds: Annotated[float, Option("longest source")] = 600.0
    target_minimum_seconds: Annotated[float, Option("shortest target clip")] = 0.5
    target_maximum_seconds: Annotated[float, Option("longest target clip")] = 120.0
    target_clips: Annotated[int, Option("target clips of one request", 1)] = 16
    waiting_requests: Annotated[int, Option("requests that may wait; beyond it comes 429")] = 64
    deadline_seconds: Annotated[float, Option("time a request may take once uploaded")] = 300.0
    upload_idle_seconds: Annotated[float, Option("longest pause within an upload")] = 30.0
    upload_seconds: Annotated[float, Option("longest upload")] = 900.0
    bytes_in_flight: Annotated[
        int, Option("memory that requests may hold together; beyond it comes 429", 1)
    ] = 512 * MIB
    drain_bytes: Annotated[
        int, Option("what is read of a refused upload, so that its client gets the answer")
    ] = 1024 * MIB
    drain_seconds: Annotated[float, Option("how long a refused upload is read on")] = 60.0
    tone_cache_entries: Annotated[int, Option("target voices remembered")] = 256
    log_level: Annotated[LogLevel, Option("least severe log line that is written")] = "info"


HINTS: Mapping[str, Any] = get_type_hints(Settings)
OPTIONS: Mapping[str, Option] = {
    name: get_args(hint)[-1] for name, hint in get_type_hints(Settings, include_extras=True).items()
}


def choices(name: str) -> tuple[str, ...]:
    """Return the values that a setting may have, or an empty tuple where they are not a list."""
    return get_args(HINTS[name]) if HINTS[name] in (Provider, LogLevel) else ()


def parse(name: str, text: str) -> Any:
    """Turn the text of a variable or an option into the setting's value.

    Raises:
        SettingsError: The text is no such value.
    """
    hint = HINTS[name]
    if allowed := choices(name):
        if text not in allowed:
            raise SettingsError(f"{name} must be one of {', '.join(allowed)}, not {text!r}")
        return text
    if hint == tuple[str, ...]:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    kind = next(k for k in (get_args(hint) or (hint,)) if k is not type(None))
    try:
        value = kind(text)
    except ValueError:
        raise SettingsError(f"{name} must be {_noun(kind)}, not {text!r}") from None
    minimum = OPTIONS[name].minimum
    if kind in (int, float) and not minimum <= value < float("inf"):
        raise SettingsError(f"{name} must be at least {minimum:g}, not {text!r}")
    return value


def parse_bind(text: str) -> dict[str, Any]:
    """Split `host:port`, `[ipv6]:port`, `:port` or `host` into the settings that it gives.

    Raises:
        SettingsError: The port is no port number.
    """
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        host, port = text, ""
    found: dict[str, Any] = {}
    if host:
        found["host"] = host.strip("[]")
    if port:
        found["port"] = parse_port(port)
    return found


def parse_port(text: str) -> int:
    """Read a port number.

    Raises:
        SettingsError: It is none.
    """
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise SettingsError(f"port must be a number from 0 to 65535, not {text!r}")
    return int(text)


def from_environment(
    environment: Mapping[str, str], overrides: Mapping[str, Any] | None = None
) -> tuple[Settings, list[str]]:
    """Read the settings.

    Args:
        environment: The process's variables; an empty one counts as absent.
        overrides: Values from the command line, already parsed, which win.

    Returns:
        The settings, and a warning for each variable with the prefix that is none of them.

    Raises:
        SettingsError: A variable's value cannot be used.
    """
    values: dict[str, Any] = {}
    warnings: list[str] = []
    known = {PREFIX + name.upper(): name for name in OPTIONS if name not in ("host", "port")}
    for variable, text in environment.items():
        if not variable.startswith(PREFIX) or not text:
            continue
        try:
            if variable == BIND:
                values |= parse_bind(text)
            elif variable in known:
                values[known[variable]] = parse(known[variable], text)
            elif not _is_kubernetes(variable, text):
                warnings.append(_unknown(variable, [*known, BIND]))
        except SettingsError as error:
            raise SettingsError(f"{variable}: {error}") from None
    return Settings(**(values | dict(overrides or {}))), warnings


def _is_kubernetes(variable: str, text: str) -> bool:
    return bool(_KUBERNETES.search(variable)) or text.startswith(("tcp://", "udp://", "sctp://"))


def _unknown(variable: str, known: list[str]) -> str:
    if variable in (PREFIX + "HOST", PREFIX + "PORT"):
        return f"{variable} is not a setting; the address is {BIND}=host:port"
    nearest = difflib.get_close_matches(variable, known, n=1)
    return f"{variable} is not a setting" + (f"; did you mean {nearest[0]}?" if nearest else "")


def _noun(kind: type) -> str:
    return {int: "a whole number", float: "a number"}.get(kind, "text")
