from __future__ import annotations

import pytest

from server.messages.requests import Clip, CloneRequest, Request, ToneRequest, fields_of


def test_a_clip_lets_go_of_its_bytes() -> None:
    clip = Clip(bytearray(b"abc"), "audio")
    assert bytes(clip.take()) == b"abc"
    assert bytes(clip.take()) == b""


def test_what_a_parser_is_told_of_the_fields() -> None:
    fields = {field.name: (field.kind, field.required) for field in fields_of(CloneRequest)}
    assert fields == {
        "target_audio": ("clips", False),
        "target_tone": ("text", False),
        "target_voice": ("voice", False),
        "source_audio": ("clip", True),
        "tau": ("number", False),
        "temperature": ("number", False),
        "seed": ("integer", False),
        "format": ("choice", False),
        "sample_rate": ("integer", False),
    }


@pytest.mark.parametrize("request_type", [CloneRequest, ToneRequest])
def test_every_field_is_described_in_both_languages(request_type: type[Request]) -> None:
    for field in fields_of(request_type):
        for text in (field.about, field.expected):
            assert any("\u4e00" <= character <= "\u9fff" for character in text.zh)
            assert text.en.isascii()
