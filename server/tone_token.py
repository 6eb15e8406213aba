"""A tone embedding as text: `<model id>:<base64 of little-endian float32>`."""

from __future__ import annotations

import numpy as np

from runtime.arrays import Tone
from runtime.manifest import Manifest
from server import base64_audio
from server.errors import ApiError
from server.fields import TARGET_TONE


def dump(tone: Tone, manifest: Manifest) -> str:
    """Write a tone, [tone_dimension], as text."""
    return f"{manifest.model_id}:{base64_audio.encode(tone.astype('<f4').tobytes()).decode()}"


def parse(text: str, manifest: Manifest) -> Tone:
    """Read a tone, [tone_dimension].

    Raises:
        ApiError: `tone_model_mismatch`: another model made it. `invalid_base64`. `invalid_field`:
            it is no such text, of another length, or holds values that are not finite.
    """
    model_id, colon, encoded = text.partition(":")
    if not colon:
        raise TARGET_TONE.invalid()
    if model_id != manifest.model_id:
        raise ApiError("tone_model_mismatch", param=TARGET_TONE.name)
    try:
        data = base64_audio.decode(encoded)
    except ValueError:
        raise ApiError("invalid_base64", param=TARGET_TONE.name) from None
    if len(data) != 4 * manifest.tone_dimension:
        raise TARGET_TONE.invalid()
    tone = np.frombuffer(data, "<f4").astype(np.float32)
    if not np.isfinite(tone).all():
        raise TARGET_TONE.invalid()
    return tone
