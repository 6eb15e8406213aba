from __future__ import annotations

import base64
import random
import textwrap

import pytest

from server.http.base64_text import decode, encode

DATA = random.Random(0).randbytes(1000)
TEXT = base64.b64encode(DATA).decode()


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        TEXT.rstrip("="),
        "\n".join(textwrap.wrap(TEXT, 76)) + "\n",
        "\r\n".join(textwrap.wrap(TEXT, 64)),
        f" {TEXT} ",
        f"data:audio/wav;base64,{TEXT}",
        f"data:;base64,{TEXT}",
        f"DATA:audio/mpeg;codecs=mp3;BASE64,{TEXT}",
        "data:audio/wav;base64," + "\n".join(textwrap.wrap(TEXT, 76)),
    ],
)
def test_the_forms_that_are_forgiven(text: str) -> None:
    assert decode(text) == DATA


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5])
def test_missing_padding(size: int) -> None:
    assert decode(base64.b64encode(DATA[:size]).decode().rstrip("=")) == DATA[:size]


@pytest.mark.parametrize("size", [786_431, 786_432, 786_433, 2_000_000])
def test_sizes_around_the_chunks_it_is_decoded_in(size: int) -> None:
    data = random.Random(1).randbytes(size)
    text = base64.b64encode(data).decode()
    assert decode(text) == data
    assert decode(text.rstrip("=")) == data
    assert decode("\n".join((text[:1000], text[1000:]))) == data


@pytest.mark.parametrize(
    "text",
    [
        "!!!!",
        "音频",
        "UklGR",
        "Ukl=GRg=",
        TEXT + "=A",
        "data:audio/wav," + TEXT,
        "data:audio/wav;base64",
        "data:audio/wav;base64;" + TEXT,
        TEXT[:500] + "*" + TEXT[501:],
        "A" * (2**20 - 2) + "==" + "AAAA",
        "\ud800AAA",
    ],
)
def test_garbage(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        decode(text)


def test_encode() -> None:
    assert encode(DATA) == TEXT.encode()
    assert encode(memoryview(DATA)) == TEXT.encode()
