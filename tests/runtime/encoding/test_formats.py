import pytest

from runtime.encoding import FORMATS, Codec, Encoding
from runtime.errors import InvalidOption


def test_the_defaults_keep_the_rate_where_the_format_has_it() -> None:
    assert [Encoding.choose(each, 22050).sample_rate_hz for each in FORMATS] == [
        22050, 22050, 22050, 48000, 22050,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("codec", "media_type"),
    [
        ("wav", "audio/wav"),
        ("mp3", "audio/mpeg"),
        ("ogg", "audio/ogg"),
        ("l16", "audio/L16;rate=16000;channels=1"),
    ],
)
def test_media_types(codec: Codec, media_type: str) -> None:
    rate_hz = None if codec == "ogg" else 16000
    assert Encoding.choose(codec, 22050, sample_rate_hz=rate_hz).media_type == media_type


@pytest.mark.parametrize(
    ("codec", "rate_hz", "kbps", "name"),
    [
        ("mp3", 22000, None, "sample_rate"),
        ("ogg", 24000, None, "sample_rate"),
        ("wav", 7999, None, "sample_rate"),
        ("flac", 48001, None, "sample_rate"),
        ("ulaw", 16000, None, "sample_rate"),
        ("mp3", 44100, 33, "kbps"),
        ("mp3", 8000, 128, "kbps"),
        ("ogg", None, 512, "kbps"),
    ],
)
def test_what_a_format_has_not_is_refused(
    codec: Codec, rate_hz: int | None, kbps: int | None, name: str
) -> None:
    with pytest.raises(InvalidOption) as caught:
        Encoding.choose(codec, 22050, sample_rate_hz=rate_hz, kbps=kbps)
    assert caught.value.facts["name"] == name


@pytest.mark.parametrize(("rate_hz", "kbps"), [(8000, 32), (22050, 64), (44100, 128)])
def test_the_bit_rate_follows_the_sample_rate(rate_hz: int, kbps: int) -> None:
    assert Encoding.choose("mp3", 22050, sample_rate_hz=rate_hz).kbps == kbps
