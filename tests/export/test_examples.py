import numpy as np

from export.examples import example_arrays
from runtime.interface import GraphInterface

INTERFACE = GraphInterface(
    "tone_converter.onnx",
    {"spectrogram": (None, 513, None), "source_tone": (None, 256, 1), "noise": (None, 4, None)},
    "audio",
    (None, 1, None),
)


def test_shapes_are_the_interfaces() -> None:
    shapes = {name: array.shape for name, array in example_arrays(INTERFACE, 2, 5).items()}
    assert shapes == {"spectrogram": (2, 513, 5), "source_tone": (2, 256, 1), "noise": (2, 4, 5)}


def test_a_seed_repeats_its_draw() -> None:
    first, again, other = (example_arrays(INTERFACE, 2, 5, seed) for seed in (0, 0, 1))
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not np.array_equal(first["noise"], other["noise"])


def test_magnitudes_are_positive() -> None:
    assert (example_arrays(INTERFACE, 1, 50)["spectrogram"] > 0).all()
