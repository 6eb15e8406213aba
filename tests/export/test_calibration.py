import numpy as np
import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

from export.calibration import SAMPLE_STRIDE, VALUES_KEPT, observe
from export.graphs import example_inputs, export_graph
from export.quantization import convolutions, observed_values
from tests.export.toys import BINS, CONVERTER_INTERFACE, LATENT, ToyConverter, toys


def test_values_are_sampled_on_every_clip() -> None:
    model = export_graph(toys()[1], CONVERTER_INTERFACE, 20)
    values = observed_values(convolutions(model)[-1:])
    assert len(values) == 2
    clips = [
        {name: tensor.numpy() for name, tensor in example_inputs(CONVERTER_INTERFACE, 1, n).items()}
        for n in (70, 35)
    ]
    seen = observe(model, values, clips)
    spectrogram = seen["spectrogram"]
    assert spectrogram.values.shape == (2 * VALUES_KEPT,)
    assert spectrogram.steps == 105
    thinned = clips[0]["spectrogram"][:, :, ::SAMPLE_STRIDE]
    assert spectrogram.values[:VALUES_KEPT].max() == thinned.max()
    assert np.isin(spectrogram.values[:VALUES_KEPT], thinned).all()


def test_the_graph_is_left_as_it_is() -> None:
    model = export_graph(toys()[1], CONVERTER_INTERFACE, 20)
    clip = {
        name: tensor.numpy() for name, tensor in example_inputs(CONVERTER_INTERFACE, 1, 9).items()
    }
    observe(model, observed_values(convolutions(model)), [clip])
    assert [value.name for value in model.graph.outputs] == ["audio"]


def test_only_ungrouped_convolutions_with_a_bias_are_listed() -> None:
    names = [
        str(node.inputs[1] and node.inputs[1].name)
        for node in convolutions(export_graph(ToyConverter().eval(), CONVERTER_INTERFACE, 20))
    ]
    assert sorted(names) == ["pre.weight", "tones.weight"]
    assert (BINS, LATENT) == (513, 4)
