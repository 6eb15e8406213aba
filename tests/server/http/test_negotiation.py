from __future__ import annotations

import pytest

from server.http.negotiation import language, wants_wav


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
    ("header", "wanted"),
    [
        ("", False),
        ("*/*", False),
        ("application/json", False),
        ("audio/wav", True),
        ("Audio/WAV", True),
        ("audio/x-wav", True),
        ("audio/*", True),
        ("audio/wav, application/json;q=0.5", True),
        ("application/json, audio/wav;q=0.5", False),
        ("audio/wav;q=0", False),
        ("text/html", False),
        ("audio/wav, */*;q=0.1", True),
    ],
)
def test_wants_wav(header: str, wanted: bool) -> None:
    assert wants_wav(header) is wanted
