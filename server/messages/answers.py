"""What the answers have in common, whatever the request."""

from __future__ import annotations

SUCCESS_MESSAGE = "音色克隆成功"
"""Fixed by the contract, in every language."""

STREAM_FORMAT = "pcm_s16le"
