import json

import pytest

from runtime import errors


@pytest.mark.parametrize(
    ("error", "code", "facts", "message"),
    [
        (
            errors.AudioTooShort(0.2, 0.5),
            "audio_too_short",
            {"seconds": 0.2, "minimum_seconds": 0.5},
            "the audio is 0.200 s long, and at least 0.5 s are needed",
        ),
        (
            errors.AudioTooShort(0.0, 0.0),
            "audio_too_short",
            {"seconds": 0.0, "minimum_seconds": 0.0},
            "the audio has no samples",
        ),
        (
            errors.AudioTooLong(10800.0, 600.0),
            "audio_too_long",
            {"seconds": 10800.0, "maximum_seconds": 600.0},
            "the audio is 10800.0 s long, and at most 600 s are allowed",
        ),
        (
            errors.AudioTooLong(None, 600.0),
            "audio_too_long",
            {"seconds": None, "maximum_seconds": 600.0},
            "the audio is longer than the 600 s that are allowed",
        ),
        (errors.SilentAudio(), "silent_audio", {}, "the audio is silent, and a voice is needed"),
        (
            errors.UndecodableAudio("channels", channels=9),
            "undecodable_audio",
            {"reason": "channels", "channels": 9},
            "the file has 9 channels, and at most 8 can be read",
        ),
        (
            errors.UndecodableAudio("sample_rate", sample_rate_hz=1000),
            "undecodable_audio",
            {"reason": "sample_rate", "sample_rate_hz": 1000},
            "the file's sample rate is 1000 Hz, and only 4000 to 384000 Hz can be read",
        ),
    ],
)
def test_errors_say_what_happened(
    error: errors.OpenVoiceError, code: str, facts: dict[str, object], message: str
) -> None:
    assert error.code == code
    assert error.facts == facts
    assert str(error) == message
    assert json.loads(json.dumps(error.facts)) == facts


def test_an_endless_value_is_shown_short() -> None:
    error = errors.InvalidOption("seed", 10**4000, "too large")
    assert len(str(error)) < 100
