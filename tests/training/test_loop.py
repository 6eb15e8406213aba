import json
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import pytest

pytest.importorskip("torch", reason="needs torch")
pytestmark = pytest.mark.torch

import torch
from torch import Tensor, distributed, nn

from training.loop import Run, Schedule, Stage
from training.processes import average_gradients

SCHEDULE = Schedule(steps=12, learning_rate=0.1, warm_up_steps=2, save_every=5)


class Line(Stage):
    """One weight that is drawn to 3, and one that stays."""

    rates: ClassVar[Mapping[str, float]] = {"moved": 1.0, "still": 0.0}
    weights: ClassVar[Mapping[str, float]] = {"distance": 1.0}

    def __init__(self) -> None:
        torch.manual_seed(1)
        self.moved, self.still = nn.Linear(1, 1), nn.Linear(1, 1)
        self.networks = nn.ModuleDict({"moved": self.moved, "still": self.still})

    def terms(self) -> dict[str, Tensor]:
        given = torch.ones(1, 1)
        made = self.moved(given) + 0 * self.still(given)
        return {"distance": (made - 3).abs().mean(), "noted": made.detach().mean()}


def test_a_schedule_rises_and_falls() -> None:
    rates = [SCHEDULE.rate(step) for step in range(13)]
    assert rates[0] == pytest.approx(0.05) and max(rates) == rates[1]
    assert rates[1:] == sorted(rates[1:], reverse=True)
    assert rates[-1] == pytest.approx(0.003)


def test_a_run_learns_logs_and_averages(tmp_path: Path) -> None:
    stage = Line()
    still = stage.still.weight.clone()
    run = Run(stage, SCHEDULE, tmp_path / "line.pt")
    run.fit()
    lines = [json.loads(line) for line in (tmp_path / "line.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [5, 10, 12]
    assert lines[-1]["distance"] < lines[0]["distance"]
    assert lines[0]["noted"] < lines[-1]["noted"]
    assert torch.equal(stage.still.weight, still)
    fresh = stage.moved.bias.detach()
    assert not torch.equal(run.average["moved.bias"], fresh)
    assert float((run.average["moved.bias"] - fresh).abs()) < 1


def test_a_stopped_run_goes_on_as_if_it_had_not(tmp_path: Path) -> None:
    whole = Run(Line(), SCHEDULE, tmp_path / "whole.pt")
    whole.fit()
    first = Run(Line(), SCHEDULE, tmp_path / "parts.pt")
    for _ in range(5):
        first.advance()
    first.save()
    second = Run(Line(), SCHEDULE, tmp_path / "parts.pt")
    assert second.step == 5
    second.fit()
    for name, weight in whole.average.items():
        assert torch.allclose(weight, second.average[name])


def test_processes_average_their_gradients_and_the_first_one_keeps_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reduced(flat: Tensor) -> None:
        """As if another process had found the gradient 3 for every weight that was used."""
        flat.add_(torch.where(flat == 0, 0.0, 3.0))

    monkeypatch.setattr(distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(distributed, "get_world_size", lambda: 2)
    monkeypatch.setattr(distributed, "all_reduce", reduced)
    weights = [nn.Parameter(torch.zeros(2)), nn.Parameter(torch.zeros(1, 3))]
    weights[1].grad = torch.tensor([[1.0, 0.0, -1.0]])
    average_gradients(weights)
    assert weights[0].grad is not None and not weights[0].grad.any()
    assert weights[1].grad.tolist() == [[2.0, 0.0, 1.0]]
    for rank, kept in ((1, []), (0, ["line.jsonl", "line.pt"])):
        monkeypatch.setattr(distributed, "get_rank", lambda rank=rank: rank)
        Run(Line(), SCHEDULE, tmp_path / "line.pt").fit()
        assert sorted(path.name for path in tmp_path.iterdir()) == kept


def test_a_step_without_a_finite_gradient_moves_nothing(tmp_path: Path) -> None:
    class Broken(Line):
        def terms(self) -> dict[str, Tensor]:
            return {name: term * torch.nan for name, term in super().terms().items()}

    stage = Broken()
    before = stage.moved.weight.clone()
    run = Run(stage, SCHEDULE, tmp_path / "line.pt")
    assert run.advance()["dropped"] == 1 and run.step == 1
    assert torch.equal(stage.moved.weight, before)
    assert all(bool(torch.isfinite(weight).all()) for weight in run.average.values())
    stage.terms = Line.terms.__get__(stage)  # type: ignore[method-assign]
    assert run.advance()["dropped"] == 0
    assert not torch.equal(stage.moved.weight, before)
