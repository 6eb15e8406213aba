"""Labels in files: put in while a file is encoded, and found in one."""

from collections.abc import Callable
from typing import TypeAlias

from runtime.arrays import Waveform
from runtime.encoding import Codec, Encoder
from runtime.marking.containers import flac, id3, ogg, riff
from runtime.marking.containers.data import Data
from runtime.marking.label import Label

_CompleteHead: TypeAlias = Callable[[bytes], bytes | None]

LABELLED_CODECS = frozenset[Codec]({"wav", "flac", "mp3", "ogg"})
"""Formats whose files can hold a label; raw samples cannot."""


def with_label(encoder: Encoder, codec: Codec, label: Label) -> Encoder:
    """Have an encoder put a label into its file.

    Args:
        encoder: Encoder that has not begun.
        codec: Its format.
        label: Label to write.

    Returns:
        An encoder in its place: the encoder itself where the format holds no metadata.
    """
    if codec not in LABELLED_CODECS:
        return encoder
    if codec == "flac":
        return _LabelledEncoder(encoder, lambda head: flac.labelled_head(head, label))
    if codec == "ogg":
        return _LabelledEncoder(encoder, lambda head: ogg.labelled_head(head, label))
    if codec == "mp3":
        tag = id3.tag(label)
        return _LabelledEncoder(encoder, lambda head: tag + head)
    after = riff.chunks(label)
    return _LabelledEncoder(encoder, lambda head: riff.with_longer_size(head, len(after)), after)


def find_label(data: Data) -> Label | None:
    """Find the label in a WAV, FLAC, OGG or MP3 file; None where there is none."""
    magic = bytes(data[:4])
    if magic in (b"RIFF", b"RF64"):
        return riff.read(data)
    if magic == b"fLaC":
        return flac.read(data)
    if magic == b"OggS":
        return ogg.read(data)
    return id3.read(data)


class _LabelledEncoder:
    """An encoder that changes the beginning of its file, once it is there, and adds an end."""

    def __init__(self, encoder: Encoder, complete_head: _CompleteHead, after: bytes = b"") -> None:
        self._encoder = encoder
        self._complete_head: _CompleteHead | None = complete_head
        self._head = b""
        self._after = after

    def encode(self, waveform: Waveform) -> bytes:
        return self._pass(self._encoder.encode(waveform))

    def finish(self) -> bytes:
        data = self._pass(self._encoder.finish())
        # what is no such file after all is left as it is
        return (self._head if self._complete_head else data) + self._after

    def _pass(self, data: bytes) -> bytes:
        if self._complete_head is None:
            return data
        self._head += data
        head = self._complete_head(self._head) if self._head else None
        if head is None:
            return b""
        self._complete_head, self._head = None, b""
        return head
