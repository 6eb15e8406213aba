from __future__ import annotations

from server.messages.requests import Clip


def test_a_clip_lets_go_of_its_bytes() -> None:
    clip = Clip(bytearray(b"abc"), "audio")
    assert bytes(clip.take()) == b"abc"
    assert bytes(clip.take()) == b""
