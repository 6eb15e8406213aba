import pytest

pytest.importorskip("torch", reason="needs torch")
pytestmark = pytest.mark.torch

from training.bundle import tau_curve


def test_the_curve_undoes_what_a_straight_line_gave() -> None:
    shares = {"0.0": 0.0, "0.2": 0.1, "0.5": 0.4, "0.8": 0.9, "1.0": 1.0}
    curve = dict(tau_curve(shares))
    assert curve[0.0] == 0 and curve[1.0] == 1
    assert curve[0.3] == pytest.approx(0.5)
    assert curve[0.5] == pytest.approx(0.5 + 0.3 * 0.3 / 0.5, abs=1e-3)
    assert list(curve.values()) == sorted(curve.values())


def test_a_dip_in_what_was_measured_does_not_break_the_curve() -> None:
    shares = {"0.0": 0.0, "0.2": -0.02, "0.3": 0.3, "0.5": 0.25, "0.8": 1.02, "1.0": 1.0}
    weights = [weight for _, weight in tau_curve(shares)]
    assert weights == sorted(weights) and len(weights) == 6
