"""Encoders: float samples in, bytes of a file out, resampled on the way."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from runtime.arrays import Waveform
from runtime.encoding.formats import Encoding
from runtime.encoding.raw import RawEncoder
from runtime.encoding.sound_file import SoundFileEncoder
from runtime.resample import StreamResampler, resampled_samples


class Encoder(Protocol):
    """Turns samples into the bytes of one file, piece by piece."""

    def encode(self, waveform: Waveform) -> bytes:
        """Encode samples, [samples], and give the bytes so far, perhaps none."""
        ...

    def finish(self) -> bytes:
        """Give the rest, after the last sample."""
        ...


def open_encoder(encoding: Encoding, samples: int, audio_hz: int) -> Encoder:
    """Open an encoder; it needs little memory, however long the audio is.

    Args:
        encoding: Format of the result.
        samples: Length of the audio, which the result's header says.
        audio_hz: Sample rate of the audio.
    """
    rate_hz = encoding.sample_rate_hz
    samples = resampled_samples(samples, audio_hz, rate_hz)
    encoder: Encoder
    if encoding.codec in ("wav", "pcm", "l16"):
        encoder = RawEncoder(encoding, samples)
    else:
        encoder = SoundFileEncoder(encoding, samples)
    return encoder if rate_hz == audio_hz else _Resampled(encoder, audio_hz, rate_hz)


def encode(
    pieces: Iterable[Waveform], encoding: Encoding, samples: int, audio_hz: int
) -> Iterator[bytes]:
    """Encode audio that comes in pieces.

    Args:
        pieces: Audio in pieces of [samples] of any length.
        encoding: Format of the result.
        samples: Length of the audio.
        audio_hz: Sample rate of the audio.

    Yields:
        Bytes; joined, they are the file.
    """
    encoder = open_encoder(encoding, samples, audio_hz)
    for piece in pieces:
        if data := encoder.encode(piece):
            yield data
    if data := encoder.finish():
        yield data


class _Resampled:
    """An encoder at another sample rate than the audio's."""

    def __init__(self, encoder: Encoder, from_hz: int, to_hz: int) -> None:
        self._encoder = encoder
        self._resampler = StreamResampler(from_hz, to_hz)

    def encode(self, waveform: Waveform) -> bytes:
        return self._encoder.encode(self._resampler.push(waveform))

    def finish(self) -> bytes:
        return self._encoder.encode(self._resampler.finish()) + self._encoder.finish()
