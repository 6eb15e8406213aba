from __future__ import annotations

import pytest

from server.http.negotiation import language, preferred_audio


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("", "zh"),
        ("*", "zh"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en", "en"),
        ("en-GB", "en"),
        ("EN-us;q=0.5", "en"),
        ("fr-FR,fr;q=0.9,en;q=0.8", "en"),
        ("zh;q=0.5, en;q=0.9", "en"),
        ("en, zh", "zh"),
        ("en;q=0", "zh"),
        ("de", "zh"),
        ("en;q=x", "zh"),
        (",;q=1,,", "zh"),
    ],
)
def test_language(header: str, wanted: str) -> None:
    assert language(header) == wanted


@pytest.mark.parametrize(
    ("header", "wanted"), [("", "en"), ("*", "en"), ("zh-CN", "zh"), ("zh, en;q=0.9", "zh")]
)
def test_language_where_english_is_the_default(header: str, wanted: str) -> None:
    assert language(header, "en") == wanted


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("", None),
        ("*/*", None),
        ("application/json", None),
        ("application/x-ndjson", None),
        ("audio/wav", "wav"),
        ("Audio/WAV", "wav"),
        ("audio/x-wav", "wav"),
        ("audio/*", "wav"),
        ("audio/wav, application/json;q=0.5", "wav"),
        ("application/json, audio/wav;q=0.5", None),
        ("audio/wav;q=0", None),
        ("text/html", None),
        ("audio/wav, */*;q=0.1", "wav"),
        ("audio/mpeg", "mp3"),
        ("audio/flac;q=0.4, audio/ogg;q=0.5", "ogg"),
        ("audio/L16;rate=16000", "l16"),
        ("audio/pcm", "pcm"),
        # Firefox's <audio>
        ("audio/webm,audio/ogg,audio/wav,audio/*;q=0.9,application/ogg;q=0.7,*/*;q=0.5", "ogg"),
    ],
)
def test_preferred_audio(header: str, wanted: str | None) -> None:
    assert preferred_audio(header) == wanted
