"""Tone embeddings as text: `<model id>:<base64 of little-endian float32>`."""

from __future__ import annotations

import numpy as np

from runtime.arrays import Tone
from runtime.manifest import Manifest
from server.http import base64_text
from server.messages.error import ApiError
from server.messages.errors import InvalidBase64, ToneModelMismatch
from server.messages.requests import RequestField


def write_tone(tone: Tone, manifest: Manifest) -> str:
    """Write a tone embedding, [tone_dimension], as text."""
    return f"{manifest.model_id}:{base64_text.encode(tone.astype('<f4').tobytes()).decode()}"


def read_tone(text: str, manifest: Manifest, field: RequestField) -> Tone:
    """Read a tone embedding, [tone_dimension], from text.

    Args:
        text: The text.
        manifest: Description of the model that the tone is for.
        field: The field that it came in, for errors.

    Raises:
        ApiError: `tone_model_mismatch`: another model made it; `invalid_base64`; `invalid_field`:
            it is not such a text, has another length, or holds values that are not finite.
    """
    model_id, colon, encoded = text.partition(":")
    if not colon:
        raise field.invalid()
    if model_id != manifest.model_id:
        raise ApiError(ToneModelMismatch(param=field.name))
    try:
        data = base64_text.decode(encoded)
    except ValueError:
        raise ApiError(InvalidBase64(param=field.name)) from None
    if len(data) != 4 * manifest.tone_dimension:
        raise field.invalid()
    tone = np.frombuffer(data, "<f4").astype(np.float32)
    if not np.isfinite(tone).all():
        raise field.invalid()
    return tone
