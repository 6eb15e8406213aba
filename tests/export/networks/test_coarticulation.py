import pytest

pytest.importorskip("torch", reason="needs torch")
pytestmark = pytest.mark.torch

import torch

from export.networks.coarticulation import Coarticulation

UNITS, COEFFICIENTS = 6, 5


@torch.inference_mode()
def test_coarticulation_is_nothing_at_first_and_hears_what_came_before() -> None:
    torch.manual_seed(2)
    network = Coarticulation(UNITS, COEFFICIENTS, 8, 2)
    order = torch.arange(40) % UNITS
    units, expected = torch.eye(UNITS)[order][None], torch.randn(1, COEFFICIENTS, 40)
    assert torch.equal(network(units, expected), torch.zeros(1, COEFFICIENTS, 40))
    torch.nn.init.normal_(network.head.weight)
    before, others = network(units, expected), units.clone()
    others[:, 20] = 1 / UNITS
    changed = (network(others, expected) - before).abs().amax((0, 1)) > 0
    # Two kernels of seven frames that end at the frame itself.
    assert changed.nonzero()[:, 0].tolist() == list(range(20, 33))
