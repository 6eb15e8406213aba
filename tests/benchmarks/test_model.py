import numpy as np

from benchmarks import clips
from benchmarks.model import Model


def test_the_graphs_alone_give_what_the_cloner_gives(model: Model) -> None:
    cloner = model.cloner
    clip = clips.of_length(cloner, 1.0)
    source, target = cloner.tone(clip), cloner.tone(cloner.decode(clips.target_bytes()))
    inputs = model.converter_inputs(clip, source, target)
    alone = model.converter.run(**inputs).reshape(-1)[: len(clip)]
    # tau 1 goes all the way to the target
    whole = cloner.convert(clip, source, target, tau=1.0, temperature=0.3, seed=0)
    np.testing.assert_allclose(alone, whole, atol=1e-6)


def test_the_label_says_model_precision_and_provider(model: Model) -> None:
    assert model.label == "tiny (fp32, CPU)"


def test_frames_are_counted_as_the_runtime_does(model: Model) -> None:
    assert model.frames(1.0) == 87
