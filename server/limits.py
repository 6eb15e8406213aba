"""The limits that clients are told of: one table, shown by /api/info and /openapi.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from server.errors import Texts
from server.settings import Settings

TARGET_ADVICE_SECONDS = (2, 10)


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit.

    Args:
        name: Of the setting.
        about: What it limits, in each language.
    """

    name: str
    about: Texts


LIMITS = (
    Limit("body_bytes", {"zh": "请求体的最大字节数", "en": "the largest request body, in bytes"}),
    Limit("source_seconds", {"zh": "源音频的最长秒数", "en": "the longest source, in seconds"}),
    Limit(
        "target_minimum_seconds",
        {"zh": "目标音频的最短秒数", "en": "the shortest target clip, in seconds"},
    ),
    Limit(
        "target_maximum_seconds",
        {"zh": "目标音频的最长秒数", "en": "the longest target clip, in seconds"},
    ),
    Limit("target_clips", {"zh": "目标音频的最多段数", "en": "target clips of one request"}),
    Limit("waiting_requests", {"zh": "最多等待的请求数", "en": "requests that may wait"}),
    Limit(
        "deadline_seconds",
        {"zh": "上传完成后处理的最长秒数", "en": "the time after the upload, in seconds"},
    ),
    Limit(
        "upload_idle_seconds",
        {"zh": "上传时无数据的最长秒数", "en": "the longest pause of an upload, in seconds"},
    ),
    Limit("upload_seconds", {"zh": "上传的最长秒数", "en": "the longest upload, in seconds"}),
    Limit(
        "bytes_in_flight",
        {"zh": "所有请求同时占用的最大字节数", "en": "bytes that all requests may hold together"},
    ),
    Limit("tone_cache_entries", {"zh": "缓存的目标音色数", "en": "target voices remembered"}),
)


def values(settings: Settings) -> Mapping[str, Any]:
    """Return the limits in force, by name."""
    found: dict[str, Any] = {limit.name: getattr(settings, limit.name) for limit in LIMITS}
    return found | {"target_advice_seconds": list(TARGET_ADVICE_SECONDS)}
