"""Generated requests, good and bad, find no undocumented answer, no 500 and no mismatch."""

from __future__ import annotations

import ctypes
import json
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import BaseSchema, Case, GenerationMode
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from server.settings import Settings
from tests.server import audio
from tests.server.fakes import FakeEngine
from tests.server.live import live

CLIPS = [
    audio.clip(1.0),
    audio.clip(0.6, rate_hz=8000),
    audio.clip(0.1),
    audio.encoded(np.zeros(22050, np.float32)),
    audio.encoded(audio.speech(1.0, 48000), 48000, format="OGG", subtype="OPUS"),
    audio.encoded(audio.speech(1.0), format="FLAC"),
    audio.encoded(audio.speech(1.0, 44100), 44100, format="MP3"),
    b"no audio",
]
TEXTS = [audio.text(clip) for clip in CLIPS]
TEXTS.append("data:audio/wav;base64," + TEXTS[0])

NAMES = ["anna", "ben", "王小明", "अनुष्का", "a.b-c_9"]

SETTINGS: dict[str, Any] = {
    "deadline": None,
    "derandomize": True,
    "database": None,
    "suppress_health_check": list(HealthCheck),
}

load_all_checks()
schemathesis.openapi.format(
    "audio-base64",
    st.one_of(
        st.sampled_from(TEXTS), st.sampled_from(TEXTS), st.text(), st.binary().map(audio.text)
    ),
)
schemathesis.openapi.format(
    "voice-name",
    st.one_of(
        st.sampled_from(NAMES),
        st.text(st.characters(categories=["L", "M", "Nd"]), min_size=1, max_size=64),
        st.text(min_size=1, max_size=64),
    ),
)
schemathesis.openapi.format("binary", st.one_of(st.sampled_from(CLIPS), st.binary()))


schemathesis.openapi.format(
    "voice-settings",
    st.one_of(
        st.just("{}"),
        st.sampled_from([0, 0.5, 1, 2, -1, None, "1"]).map(
            lambda value: json.dumps({"similarity_boost": value})
        ),
        st.text(),
    ),
)
schemathesis.openapi.format("voice-title", st.one_of(st.sampled_from(NAMES), st.text()))


CASES = {
    "/api/clone": 150,
    "/api/clone/stream": 60,
    "/api/tone": 60,
    "/api/verify": 60,
    "/api/voices": 100,
    "/v1/speech-to-speech/{voice_id}": 60,
    "/v1/speech-to-speech/{voice_id}/stream": 20,
    "/v1/voice-changer/{voice_id}": 5,
    "/v1/voice-changer/{voice_id}/stream": 5,
    "/v1/voices/add": 60,
}
VOICES = ("/api/voices", "/api/voices/{name}", "/v1/voices", "/v1/voices/{voice_id}")
PLAIN = (
    "/api/health",
    "/api/info",
    "/livez",
    "/readyz",
    "/metrics",
    "/openapi.json",
    "/asyncapi.json",
)
GOOD, BAD = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
RUNS = [
    *((path, "POST", mode, cases) for path, cases in CASES.items() for mode in (GOOD, BAD)),
    *((path, "GET", mode, 40) for path in VOICES for mode in (GOOD, BAD) if path != "/v1/voices"),
    ("/v1/voices", "GET", GOOD, 3),
    *(("/v2/voices", "GET", mode, 20) for mode in (GOOD, BAD)),
    *((path, "DELETE", mode, 40) for path in VOICES[1::2] for mode in (GOOD, BAD)),
    *((path, "GET", GOOD, 3) for path in PLAIN),
]


@pytest.fixture(autouse=True, scope="module")
def denormal_numbers() -> None:
    """Take back that ONNX Runtime has flushed them to zero in the thread of earlier tests.

    Hypothesis refuses to work without them.
    """
    if sys.platform == "linux":
        default_environment = ctypes.c_void_p(-1)
        assert ctypes.CDLL("libm.so.6").fesetenv(default_environment) == 0


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BaseSchema]:
    settings = Settings(voices=str(tmp_path_factory.mktemp("voices") / "voices.db"))
    with live(FakeEngine(), settings) as server:
        yield schemathesis.openapi.from_url(server.url + "/openapi.json")


def test_every_operation_is_tried(api: BaseSchema) -> None:
    described = {(path, method.upper()) for path in api for method in api[path]}
    assert described == {(path, method) for path, method, _, _ in RUNS}


@pytest.mark.parametrize(("path", "method", "mode", "cases"), RUNS)
def test_generated_requests(
    api: BaseSchema, path: str, method: str, mode: GenerationMode, cases: int
) -> None:
    @settings(max_examples=cases, **SETTINGS)
    @given(case=api[path][method].as_strategy(generation_mode=mode))
    def check(case: Case[Any]) -> None:
        # Whether a string is audio is no matter of the schema: such good data may be refused.
        # A form's numbers are text, so that one of the wrong type may be right all the same.
        is_form = case.media_type == "multipart/form-data"
        excluded: Any = [positive_data_acceptance, *[negative_data_rejection] * is_form]
        case.call_and_validate(excluded_checks=excluded)

    check()
