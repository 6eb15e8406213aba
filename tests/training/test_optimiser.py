import copy

import pytest

pytest.importorskip("torch", reason="needs torch")
pytestmark = pytest.mark.torch

import torch
from torch import nn

from training.optimiser import Optimiser, is_matrix


class Network(nn.Module):
    """A kernel, a depthwise kernel, a tone's layer and biases."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.wide = nn.Conv1d(64, 96, 3, padding=1)
        self.depthwise = nn.Conv1d(96, 96, 3, padding=1, groups=96)
        self.condition = nn.Linear(128, 96)

    def forward(self, signal: torch.Tensor) -> torch.Tensor:
        tone: torch.Tensor = self.condition(torch.ones(signal.shape[0], 128))
        mixed: torch.Tensor = self.depthwise(torch.tanh(self.wide(signal)))
        return mixed + tone[:, :, None]


def loss_of(network: Network) -> torch.Tensor:
    generator = torch.Generator().manual_seed(2)
    signal = torch.randn(8, 64, 20, generator=generator)
    wanted = torch.randn(8, 96, 20, generator=generator)
    return torch.nn.functional.mse_loss(network(signal), wanted)


def test_kernels_over_frames_are_matrices_and_nothing_else_is() -> None:
    named = dict(Network().named_parameters())
    assert [name for name, weight in named.items() if is_matrix(name, weight)] == ["wide.weight"]


def test_a_step_turns_a_matrix_alike_in_every_direction() -> None:
    network = Network()
    optimiser = Optimiser(network, nn.Linear(2, 2), 1e-3)
    before = network.wide.weight.detach().clone()
    optimiser.step(loss_of(network))
    step = (network.wide.weight.detach() - before).flatten(1)
    # Newton and Schulz's iteration, as Muon runs it, ends between about 0.7 and 1.2.
    singular = torch.linalg.svdvals(step)
    assert singular[0] / singular[60] < 2
    # The scale of AdamW's steps: a root mean square of 0.2 of the rate.
    assert float(step.square().mean().sqrt()) == pytest.approx(2e-4, rel=0.25)


def test_every_weight_moves_and_the_loss_falls() -> None:
    network = Network()
    optimiser = Optimiser(network, nn.Linear(2, 2), 3e-3)
    before = copy.deepcopy(network.state_dict())
    first = loss_of(network).item()
    for _ in range(30):
        optimiser.step(loss_of(network))
    assert loss_of(network).item() < 0.9 * first
    for name, weight in network.state_dict().items():
        assert not torch.equal(weight, before[name]), name


def test_it_goes_on_where_it_stopped() -> None:
    whole, parts = Network(), Network()
    one = Optimiser(whole, nn.Linear(2, 2), 1e-3)
    for _ in range(4):
        one.step(loss_of(whole))
    two = Optimiser(parts, nn.Linear(2, 2), 1e-3)
    for _ in range(2):
        two.step(loss_of(parts))
    resumed = Network()
    resumed.load_state_dict(parts.state_dict())
    three = Optimiser(resumed, nn.Linear(2, 2), 1e-3)
    three.load_state_dict(two.state_dict())
    for _ in range(2):
        three.step(loss_of(resumed))
    for name, weight in whole.state_dict().items():
        assert torch.allclose(weight, resumed.state_dict()[name], atol=1e-7), name


def test_a_lower_rate_moves_less() -> None:
    moved = []
    for rate in (1e-3, 1e-4):
        network = Network()
        optimiser = Optimiser(network, nn.Linear(2, 2), 1.0)
        optimiser.set_learning_rate(rate)
        before = [p.detach().clone() for p in network.parameters()]
        optimiser.step(loss_of(network))
        pairs = zip(before, network.parameters(), strict=True)
        moved.append(sum((b - a).abs().sum().item() for b, a in pairs))
    assert moved[1] == pytest.approx(0.1 * moved[0], rel=0.1)
