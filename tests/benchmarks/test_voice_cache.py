import pytest

from benchmarks import clips, voice_cache
from benchmarks.model import Model
from benchmarks.options import Options

pytestmark = pytest.mark.slow


def test_new_and_known_targets_are_told_apart(options: Options, model: Model) -> None:
    source = clips.wav_file(clips.of_length(model.cloner, 1.0), 22050, 22050)
    table = voice_cache.measure(options, source)
    assert [row[0] for row in table.rows] == ["new", "known"]
    assert [row[-1] for row in table.rows] == [3, 3]
