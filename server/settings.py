"""What an operator may choose: one frozen value, read once from variables and command line.

Every field is an environment variable (`OPENVOICE_` and its name in capitals) and an option (`--`
and its name with hyphens). Only the address is the variable `OPENVOICE_BIND=host:port`, because
Kubernetes sets `OPENVOICE_PORT` by itself for a service that is called openvoice.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_type_hints

from runtime.providers import Provider

LogLevel = Literal["debug", "info", "warning", "error"]
Marking = Literal["full", "metadata", "none"]

PREFIX = "OPENVOICE_"
BIND = PREFIX + "BIND"
MODELS = PREFIX + "MODELS"
"""The folder of installed models, which `runtime.models` reads."""
MIB = 1 << 20

_KUBERNETES = re.compile(
    r"_SERVICE_HOST$|_SERVICE_PORT(_[A-Z0-9_]+)?$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$"
)


class SettingsError(ValueError):
    """A setting's value cannot be used; the message names the setting and what it may be."""


@dataclasses.dataclass(frozen=True, slots=True)
class Option:
    """The description of a setting and its bounds.

    Args:
        about: What it is and what changes when it is raised.
        minimum: The least value that it may have.
        about_zh: The same in Chinese, for a limit that clients are told of; None for others.
    """

    about: str
    minimum: float = 0
    about_zh: str | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting with its default; units are in the names."""

    host: Annotated[
        str, Option("address to listen on; 0.0.0.0 lets other machines reach the server")
    ] = "127.0.0.1"
    port: Annotated[int, Option("port to listen on; 0 picks a free one")] = 5000
    model: Annotated[
        Path | None,
        Option("name of an installed model, or its folder; without it, the compact model"),
    ] = None
    provider: Annotated[
        Provider,
        Option("where the graphs run; a provider that is named and missing is an error at start"),
    ] = "auto"
    workers: Annotated[
        int,
        Option(
            "inference steps that run at once; "
            "raising it serves more requests at once, each one slower",
            1,
        ),
    ] = 2
    threads: Annotated[
        int | None,
        Option(
            "CPU threads of one inference step; "
            "raising it makes a step faster and leaves less to others; "
            "without it, every CPU",
            1,
        ),
    ] = None
    decoders: Annotated[
        int,
        Option(
            "requests that are parsed or decoded at once; raising it takes more CPU and memory", 1
        ),
    ] = 4
    processes: Annotated[
        int,
        Option(
            "server processes that share the port and the CPUs; raising it serves more requests on "
            "machines with many CPUs; each process has a model and limits of its own",
            1,
        ),
    ] = 1
    api_key: Annotated[
        str | None, Option("key that clients must send; without it, none is needed")
    ] = None
    api_keys: Annotated[
        Path | None,
        Option(
            "file of named keys, a line name:SHA-256 for each (python -m server new-key NAME makes "
            "one); it is read again when it changes"
        ),
    ] = None
    allowed_origins: Annotated[
        tuple[str, ...],
        Option("origins whose pages may call the API, separated by commas; * allows every origin"),
    ] = ()
    body_bytes: Annotated[
        int,
        Option(
            "largest request body, in bytes; "
            "raising it allows longer uploads, each of which may take that much memory",
            1,
            "请求体的最大字节数；调大可上传更长的音频，单个请求占用的内存也随之增加",
        ),
    ] = 64 * MIB
    source_seconds: Annotated[
        float,
        Option(
            "longest source, in seconds; raising it allows longer audio, which takes more memory",
            about_zh="源音频的最长秒数；调大可转换更长的音频，占用的内存也随之增加",
        ),
    ] = 600.0
    target_minimum_seconds: Annotated[
        float,
        Option(
            "shortest target clip, in seconds; "
            "raising it refuses more of the short clips that clone poorly",
            about_zh="目标音频的最短秒数；调大会拒绝过短、克隆效果差的音频",
        ),
    ] = 0.5
    target_maximum_seconds: Annotated[
        float,
        Option(
            "longest target clip, in seconds; "
            "raising it allows longer clips, which take longer to embed",
            about_zh="目标音频的最长秒数；调大可使用更长的音频，提取音色也更慢",
        ),
    ] = 120.0
    target_clips: Annotated[
        int,
        Option(
            "most target clips of one request; "
            "raising it allows more clips, each of which is embedded",
            1,
            "每个请求的目标音频最多段数；调大可使用更多段，每段都要提取音色",
        ),
    ] = 16
    waiting_requests: Annotated[
        int,
        Option(
            "requests that may wait for a worker; "
            "raising it means fewer 429 answers and longer waits",
            about_zh="最多排队的请求数；调大则较少返回 429，但等待更久",
        ),
    ] = 64
    requests_per_minute: Annotated[
        float | None,
        Option(
            "requests a minute of each API key; raising it lets a client send more before it is "
            "answered 429; without it, there is no limit",
            1,
            "每个 API 密钥每分钟的请求数；调大则客户端可发送更多请求；未设置则不限",
        ),
    ] = None
    audio_seconds_per_minute: Annotated[
        float | None,
        Option(
            "audio a minute of each API key, in seconds; raising it lets a client send more before "
            "it is answered 429; without it, there is no limit",
            1,
            "每个 API 密钥每分钟可发送的音频秒数；调大则客户端可发送更多音频；未设置则不限",
        ),
    ] = None
    deadline_seconds: Annotated[
        float,
        Option(
            "longest time for a request after its upload, in seconds; raising it lets slow "
            "requests finish instead of ending in 504",
            about_zh="上传完成后处理的最长秒数；调大可让耗时的请求完成，而不是返回 504",
        ),
    ] = 300.0
    upload_idle_seconds: Annotated[
        float,
        Option(
            "longest pause within an upload, in seconds; raising it tolerates slower connections",
            about_zh="上传中停顿的最长秒数；调大可容忍更慢的网络",
        ),
    ] = 30.0
    upload_seconds: Annotated[
        float,
        Option(
            "longest upload, in seconds; "
            "raising it tolerates slower connections, which hold memory "
            "for longer",
            about_zh="上传的最长秒数；调大可容忍更慢的网络，内存也被占用更久",
        ),
    ] = 900.0
    bytes_in_flight: Annotated[
        int,
        Option(
            "memory that all requests together may hold, in bytes; raising it means fewer 429 "
            "answers and a larger process",
            1,
            "所有请求合计可占用的最大字节数；调大则较少返回 429，进程占用的内存也更多",
        ),
    ] = 512 * MIB
    drain_bytes: Annotated[
        int,
        Option(
            "bytes of a refused upload that are read and dropped; raising it lets clients "
            "with larger uploads read why they were refused"
        ),
    ] = 1024 * MIB
    drain_seconds: Annotated[
        float,
        Option(
            "how long a refused upload is read and dropped, in seconds; raising it lets slower "
            "clients read why they were refused"
        ),
    ] = 60.0
    tone_cache_entries: Annotated[
        int,
        Option(
            "target clips whose tones are kept in memory; raising it saves embedding "
            "clips that are sent again",
            about_zh="内存中缓存的目标音色数；调大可减少对重复目标音频的音色提取",
        ),
    ] = 256
    voices: Annotated[
        str | None,
        Option(
            "where voices are stored: a SQLite file, or a postgresql:// address that several "
            "servers share; without it, none are stored"
        ),
    ] = None
    voices_maximum: Annotated[
        int,
        Option(
            "most voices that each API key may store, or all clients where keys have no names; "
            "raising it allows more, about 2 KiB each without audio",
            1,
            "每个 API 密钥（密钥没有名称时为所有客户端合计）最多保存的声音数；"
            "调大可保存更多，每个约占 2 KiB（不含音频）",
        ),
    ] = 10_000
    voices_wait_seconds: Annotated[
        float,
        Option(
            "longest wait for the database of voices, in seconds; raising it tolerates a slower "
            "or busier one, instead of answering 503",
            0.001,
        ),
    ] = 5.0
    live_sessions: Annotated[
        int,
        Option(
            "most live connections at once; raising it takes more memory",
            about_zh="同时进行的实时会话的最多个数；调大则占用更多内存",
        ),
    ] = 16
    live_load: Annotated[
        float,
        Option(
            "most load of all live sessions together, as a share of the machine; raising it admits "
            "more sessions and makes late steps more likely",
            about_zh="所有实时会话合计可占用的算力比例（按实测负载估算）；调大可容纳更多会话，"
            "但更容易超时",
        ),
    ] = 0.8
    live_session_seconds: Annotated[
        float,
        Option(
            "longest audio of a live session, in seconds; "
            "raising it lets a session occupy its slot for longer",
            about_zh="单个实时会话的最长秒数；调大则会话占用名额更久",
        ),
    ] = 3600.0
    live_idle_seconds: Annotated[
        float,
        Option(
            "idle timeout of a live connection, for receiving and for sending, in seconds; "
            "raising it tolerates worse networks",
            about_zh="实时会话中等待客户端发送或接收的最长秒数；调大可容忍更差的网络",
        ),
    ] = 20.0
    live_ahead_seconds: Annotated[
        float,
        Option(
            "most audio that a live client may send ahead of its conversion, in one message too, "
            "in seconds; raising it takes more memory for each session",
            about_zh="实时客户端可提前发送的最长秒数，单条消息同样受此限制；"
            "调大则单个会话占用更多内存",
        ),
    ] = 20.0
    live_message_bytes: Annotated[
        int,
        Option(
            "largest message of a live client, in bytes; raising it allows longer target clips",
            1,
            "实时会话中单条消息的最大字节数；调大可发送更长的目标音频",
        ),
    ] = 8 * MIB
    marking: Annotated[
        Marking,
        Option(
            "how results say that they were generated: full adds an inaudible watermark and "
            "metadata, metadata only the latter"
        ),
    ] = "full"
    producer: Annotated[
        str, Option("name or code of the service, which the metadata of results names")
    ] = "openvoice-onnx"
    content_id_prefix: Annotated[
        str,
        Option("what begins the content id in the metadata of results, before the request's id"),
    ] = ""
    log_level: Annotated[LogLevel, Option("least severe log lines that are written")] = "info"

    @property
    def needs_key(self) -> bool:
        """Whether clients must send an API key."""
        return self.api_key is not None or self.api_keys is not None


HINTS: Mapping[str, Any] = get_type_hints(Settings)
OPTIONS: Mapping[str, Option] = {
    name: get_args(hint)[-1] for name, hint in get_type_hints(Settings, include_extras=True).items()
}


LIMITS: Mapping[str, Option] = {
    name: option for name, option in OPTIONS.items() if option.about_zh is not None
}
"""The limits that clients are told of, by /api/info and /openapi.json."""

TARGET_ADVICE_SECONDS = (2, 10)
"""The length of a target clip that clones best, from and to."""


def limit_values(settings: Settings) -> dict[str, Any]:
    """Return the limits in force, by name."""
    found = {name: getattr(settings, name) for name in LIMITS}
    return found | {"target_advice_seconds": list(TARGET_ADVICE_SECONDS)}


def choices(name: str) -> tuple[str, ...]:
    """Return the values that a setting may have; empty where they are not a fixed list."""
    return get_args(HINTS[name]) if HINTS[name] in (Provider, LogLevel, Marking) else ()


def parse(name: str, text: str) -> Any:
    """Parse the text of a variable or an option into the setting's value.

    Raises:
        SettingsError: The text is not a value of this setting.
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
    """Parse `host:port`, `[ipv6]:port`, `:port` or `host` into the settings that it gives.

    Raises:
        SettingsError: The port is not a port number.
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
    """Parse a port number.

    Raises:
        SettingsError: The text is not one.
    """
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise SettingsError(f"port must be a number from 0 to 65535, not {text!r}")
    return int(text)


def from_environment(
    environment: Mapping[str, str], overrides: Mapping[str, Any] | None = None
) -> tuple[Settings, list[str]]:
    """Read the settings.

    Args:
        environment: The process's variables; an empty one counts as not set.
        overrides: Parsed values from the command line, which take precedence.

    Returns:
        The settings, and a warning for each variable with the prefix that is not a setting.

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
            elif variable != MODELS and not _is_kubernetes(variable, text):
                warnings.append(_unknown(variable, [*known, BIND, MODELS]))
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
