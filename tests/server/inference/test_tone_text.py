from __future__ import annotations

import base64

import numpy as np
import pytest

from server.inference import tone_text
from server.messages.error import ApiError, FieldError
from server.messages.requests import CloneRequest, field_of
from tests.server.fakes import MANIFEST

FIELD = field_of(CloneRequest, "target_tone")
TONE = np.random.default_rng(0).standard_normal(256).astype(np.float32)


def text(values: bytes, model_id: str = MANIFEST.model_id) -> str:
    return f"{model_id}:{base64.b64encode(values).decode()}"


def test_there_and_back() -> None:
    dumped = tone_text.write_tone(TONE, MANIFEST)
    assert dumped == text(TONE.astype("<f4").tobytes())
    np.testing.assert_array_equal(tone_text.read_tone(dumped, MANIFEST, FIELD), TONE)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("", "invalid_field"),
        ("no colon", "invalid_field"),
        (text(b""), "invalid_field"),
        (text(TONE.tobytes()[:-4]), "invalid_field"),
        (text(TONE.tobytes() + b"\0\0\0\0"), "invalid_field"),
        (text(np.full(256, np.nan, "<f4").tobytes()), "invalid_field"),
        (text(np.full(256, np.inf, "<f4").tobytes()), "invalid_field"),
        (MANIFEST.model_id + ":!!", "invalid_base64"),
        (text(TONE.tobytes(), "ffffffffffff"), "tone_model_mismatch"),
        (":AAAA", "tone_model_mismatch"),
    ],
)
def test_what_is_no_tone(given: str, code: str) -> None:
    with pytest.raises(ApiError) as caught:
        tone_text.read_tone(given, MANIFEST, FIELD)
    assert caught.value.code == code
    assert isinstance(caught.value.detail, FieldError)
    assert caught.value.detail.param == "target_tone"
