from collections.abc import Iterator

import numpy as np
import pytest

from runtime import VoiceCloner, Waveform
from runtime.marking.conversion import MarkedConversion
from runtime.marking.writer import WatermarkWriter
from tests.audio import voice


class Pieces:
    windows = 1
    seed = 0

    def __init__(self, clip: Waveform, sizes: list[int]) -> None:
        self._parts = np.split(clip, np.cumsum(sizes))
        self.samples = len(clip)
        self.pieces = len(self._parts)

    def __iter__(self) -> Iterator[Waveform]:
        yield from self._parts


@pytest.mark.parametrize(
    "sizes",
    [[], [30_000], [500, 500, 500], [30_000, 100, 100], [1, 20_000]],
    ids=["one", "two", "short-first", "short-last", "a-sample"],
)
def test_there_are_as_many_pieces(writer: WatermarkWriter, sizes: list[int]) -> None:
    clip = voice(2.0)
    marked = MarkedConversion(Pieces(clip, sizes), writer)
    pieces = list(marked)
    assert (marked.samples, len(pieces)) == (len(clip), marked.pieces)
    assert all(len(piece) for piece in pieces)
    np.testing.assert_allclose(np.concatenate(pieces), writer.mark(clip), rtol=0, atol=3e-6)


def test_a_clip_shorter_than_the_context_has_all_its_pieces(writer: WatermarkWriter) -> None:
    clip = voice(0.1)
    pieces = list(MarkedConversion(Pieces(clip, [400, 400]), writer))
    assert len(pieces) == 3 and sum(map(len, pieces)) == len(clip)


def test_windows_change_nothing(cloner: VoiceCloner, writer: WatermarkWriter) -> None:
    clip = voice(6.3)
    tone = cloner.tone(clip)
    results = []
    for window_frames in (None, 61, 200):
        conversion = cloner.conversion(clip, tone, tone, seed=3, window_frames=window_frames)
        marked = MarkedConversion(conversion, writer)
        assert (marked.windows, marked.seed) == (conversion.windows, 3)
        results.append(np.concatenate(list(marked)))
        assert len(results[-1]) == len(clip)
    for other in results[1:]:
        np.testing.assert_allclose(other, results[0], rtol=0, atol=1 / 32768)
