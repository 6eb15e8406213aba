from __future__ import annotations

from typing import Any

import httpx
import pytest

from server.http.multipart import MAXIMUM_PARTS, parse_form
from server.messages.error import ApiError
from server.messages.errors import InvalidField
from server.messages.requests import CloneRequest, fields_of

FIELDS = fields_of(CloneRequest)


def form(parts: list[tuple[str, Any]]) -> tuple[bytearray, str]:
    """Write a form as a client does: (None, text) is a field, anything else a file."""
    request = httpx.Request("POST", "http://test", files=parts)
    return bytearray(request.read()), request.headers["content-type"]


def parse(parts: list[tuple[str, Any]]) -> dict[str, Any]:
    body, content_type = form(parts)
    return parse_form(body, content_type, FIELDS)


def test_files_and_fields() -> None:
    awkward = b"\r\n--x\r\n--\r\n\x00\xff" * 50
    values = parse(
        [
            ("target_audio", ("a.wav", awkward)),
            ("source_audio", ("b.wav", b"source")),
            ("tau", (None, "0.5")),
            ("seed", (None, "12")),
            ("note", (None, "ignored")),
        ]
    )
    assert bytes(values["target_audio"]) == awkward
    assert isinstance(values["source_audio"], memoryview)
    assert values["tau"] == 0.5
    assert values["seed"] == 12
    assert "note" not in values


def test_repeated_targets_are_a_list() -> None:
    values = parse([("target_audio", (f"{n}", bytes([65 + n]))) for n in range(3)])
    assert [bytes(value) for value in values["target_audio"]] == [b"A", b"B", b"C"]


def test_text_of_an_audio_field_is_base64() -> None:
    assert parse([("target_audio", (None, "UklG"))]) == {"target_audio": "UklG"}


def test_an_audio_file_that_is_not_marked_as_one() -> None:
    data = b"RIFF\xff\xfe\x00WAVE"
    values = parse([("target_audio", (None, data)), ("source_audio", (None, data))])
    assert [bytes(values[name]) for name in ("target_audio", "source_audio")] == [data, data]


def test_empty_parts_are_absent() -> None:
    assert parse([("target_audio", ("", b"")), ("tau", (None, "")), ("seed", (None, ""))]) == {}


@pytest.mark.parametrize("text", ["x", "0.3 ", "true", "nan", '"0.3"', "\udcff", "[" * 100_000])
def test_text_that_is_no_number(text: str) -> None:
    data = text.encode("utf-8", "surrogateescape")
    values_or_error: Any
    try:
        values_or_error = parse([("tau", (None, data))])
    except ApiError as error:
        values_or_error = error
    if text in ("0.3 ", "true"):
        # JSON's white space and its true are for the field itself to judge.
        assert values_or_error == {"tau": 0.3 if text == "0.3 " else True}
    else:
        assert isinstance(values_or_error, ApiError)
        assert isinstance(values_or_error.detail, InvalidField)
        assert values_or_error.detail.param == "tau"


def test_a_field_sent_twice() -> None:
    with pytest.raises(ApiError) as caught:
        parse([("source_audio", ("a", b"x")), ("source_audio", ("b", b"y"))])
    assert isinstance(caught.value.detail, InvalidField)
    assert caught.value.detail.param == "source_audio"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "multipart/form-data; boundary=b"),
        (b"garbage", "multipart/form-data; boundary=b"),
        (b"--b\r\n\r\nx", "multipart/form-data; boundary=b"),
        (b"--b\r\n\r\nx\r\n--b--", "multipart/form-data"),
        (b"--b\r\nbad header\r\n\r\nx\r\n--b--", "multipart/form-data; boundary=b"),
        (b"--b\r\n\r\nx\r\n" * (MAXIMUM_PARTS + 1) + b"--b--", "multipart/form-data; boundary=b"),
        (b"--b--", "multipart/form-data; boundary=" + "b" * 5000),
    ],
)
def test_broken_forms(body: bytes, content_type: str) -> None:
    with pytest.raises(ApiError) as caught:
        parse_form(bytearray(body), content_type, FIELDS)
    assert caught.value.code == "invalid_multipart"


def test_a_part_without_a_name_is_ignored() -> None:
    body = bytearray(b"--b\r\n\r\nx\r\n--b--\r\n")
    assert parse_form(body, "multipart/form-data; boundary=b", FIELDS) == {}
