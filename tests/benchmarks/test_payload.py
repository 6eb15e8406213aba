import base64
import io
import json

import pytest
import soundfile

from benchmarks.model import Model
from benchmarks.payload import request_body


@pytest.mark.parametrize("seconds", [0.7, 12.3])
def test_the_source_is_as_long_as_asked_for(model: Model, seconds: float) -> None:
    file = base64.b64decode(json.loads(request_body(model, seconds))["source_audio"])
    assert soundfile.info(io.BytesIO(file)).frames == round(seconds * 22050)
