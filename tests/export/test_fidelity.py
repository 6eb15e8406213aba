import numpy as np
import pytest

from export.calibration_speech import Speech
from export.errors import ParityError
from export.fidelity import require_fidelity, signal_to_noise_db
from runtime.interface import GraphInterface, Inputs
from runtime.sessions import Graph

INTERFACE = GraphInterface("tone_converter.onnx", {"x": (None, 1, None)}, "y", (None, 1, None))


def test_the_ratio_is_in_decibels() -> None:
    wanted = [np.ones((1, 4), np.float32), np.full((1, 2), 2, np.float32)]
    assert signal_to_noise_db([1.1 * clip for clip in wanted], wanted) == pytest.approx(
        20, abs=1e-3
    )
    assert signal_to_noise_db(wanted, wanted) == np.inf


class Gain(Graph):
    """Multiplies its input."""

    def __init__(self, gain: float) -> None:
        self.interface = INTERFACE
        self.providers = ("numpy",)
        self._gain = gain

    def run(self, **inputs: np.ndarray) -> np.ndarray:
        return np.float32(self._gain) * inputs["x"]


def speech() -> Speech:
    seen: Inputs = {"x": np.full((1, 1, 4), np.nan, np.float32)}
    unseen: Inputs = {"x": np.ones((1, 1, 4), np.float32)}
    return Speech((seen,), (unseen,))


def test_a_converter_is_judged_on_unseen_speech() -> None:
    lines: list[str] = []
    ratio_db = require_fidelity(Gain(1.01), Gain(1.0), "int8", speech(), lines.append)
    assert ratio_db == pytest.approx(40, abs=0.01)
    assert lines == ["int8 against float32 on unseen speech: 40.0 dB, 25 needed"]


def test_too_much_loss_is_an_error() -> None:
    with pytest.raises(ParityError, match=r"fp16 keeps 20\.0 dB on unseen speech, 40 are needed"):
        require_fidelity(Gain(1.1), Gain(1.0), "fp16", speech(), lambda line: None)


def test_no_number_is_an_error() -> None:
    with pytest.raises(ParityError):
        require_fidelity(Gain(float("nan")), Gain(1.0), "int8", speech(), lambda line: None)
