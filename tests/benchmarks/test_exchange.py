import base64
import json

import numpy as np
import pytest

from benchmarks.errors import BenchmarkError
from benchmarks.exchange import audio_of, clone_body, open_client, post, stages_of, stream
from benchmarks.model import Model
from benchmarks.payload import request_body
from benchmarks.server import Server


def test_a_body_holds_what_the_contract_names() -> None:
    found = json.loads(clone_body(b"source", target=b"target"))
    assert base64.b64decode(found["source_audio"]) == b"source"
    assert base64.b64decode(found["target_audio"]) == b"target"
    assert (found["tau"], found["temperature"]) == (1, 0)


def test_stages_are_seconds() -> None:
    assert stages_of("upload;dur=1.5, total;dur=20.0") == {"upload": 0.0015, "total": 0.02}
    assert stages_of("") == {}


def test_a_stream_is_what_a_clone_is(server: Server, model: Model) -> None:
    body = request_body(model, 5.3)
    with open_client(server.url) as client:
        response = post(client, body)
        streamed = stream(client, body)
    assert {"decode", "tone", "convert", "total"} <= stages_of(
        response.headers["Server-Timing"]
    ).keys()
    whole = audio_of(response).astype(np.int32)
    assert len(whole) == len(streamed.audio) == round(5.3 * 22050)
    assert np.abs(whole - streamed.audio).max() <= 1
    assert 0 < streamed.first_line <= streamed.first_audio <= streamed.seconds


def test_a_refused_body_is_an_error(server: Server) -> None:
    with open_client(server.url) as client:
        with pytest.raises(BenchmarkError, match="422"):
            post(client, b"{}")
        with pytest.raises(BenchmarkError, match="422"):
            stream(client, b"{}")
