import json
import math
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="needs torch")
pytestmark = pytest.mark.torch

import torch

from export.networks.excitation import CENTRE_HZ, HIGHEST_HZ, LOWEST_HZ
from training.trainer import SPREAD_RATIOS, Recipe, Trainer, moved_pitch

SMALL: dict[str, int] = {
    "batch": 4,
    "frames": 40,
    "adversarial_frames": 24,
    "threads": 1,
    "warm_up_steps": 1,
}


class Critic(torch.nn.Module):
    """A speaker encoder's shape without its weights."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(256, 256)

    def forward(self, waveform: torch.Tensor) -> torch.Tensor:
        bands = waveform.unfold(1, 256, 256).abs().mean(1)
        return torch.nn.functional.normalize(self.linear(bands), dim=1)


def test_steps_lower_the_loss(prepared: Path, tmp_path: Path) -> None:
    trainer = Trainer(Recipe(steps=24, **SMALL), prepared, tmp_path)
    batch = trainer.recordings.batch(8, 40, 1.0)
    before = trainer.losses(batch, criticised=False)[0]
    for _ in range(24):
        trainer.advance()
    after = trainer.losses(batch, criticised=False)[0]
    assert set(before) == {"spectral", "pitch", "divergence", "tone"}
    for name in ("spectral", "pitch", "tone"):
        assert after[name] < 0.95 * before[name], name


def test_critics_take_part(prepared: Path, tmp_path: Path) -> None:
    recipe = Recipe(
        steps=1,
        adversarial_weight=1.0,
        matching_weight=1.0,
        critic_weight=1.0,
        content_weight=1.0,
        critic_items=1,
        **SMALL,
    )
    trainer = Trainer(recipe, prepared, tmp_path, Critic())
    before = [p.detach().clone() for p in trainer.discriminators.parameters()]
    terms = trainer.advance()
    names = {
        "spectral",
        "pitch",
        "divergence",
        "tone",
        "critic",
        "content",
        "adversarial",
        "matching",
    }
    assert set(terms) == names | {"verdict"}
    after = list(trainer.discriminators.parameters())
    assert not any(torch.equal(b, a) for b, a in zip(before, after, strict=True))
    assert all(p.requires_grad for p in trainer.discriminators.parameters())


def test_a_run_goes_on_where_it_stopped(prepared: Path, tmp_path: Path) -> None:
    first = Trainer(Recipe(steps=2, **SMALL), prepared, tmp_path)
    first.fit(every=1)
    second = Trainer(Recipe(steps=3, **SMALL), prepared, tmp_path)
    second.load(tmp_path / "checkpoint.pt", begin_again=False)
    assert second.step == 2
    for kept, loaded in zip(first.average.parameters(), second.average.parameters(), strict=True):
        assert torch.equal(kept, loaded)
    second.fit(every=1)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2, 3]


def test_a_new_schedule_begins_at_zero(prepared: Path, tmp_path: Path) -> None:
    Trainer(Recipe(steps=1, **SMALL), prepared, tmp_path).fit()
    trainer = Trainer(Recipe(steps=1, **SMALL), prepared, tmp_path / "next")
    trainer.load(tmp_path / "checkpoint.pt", begin_again=True)
    assert trainer.step == 0


def contour(f0_hz: torch.Tensor) -> torch.Tensor:
    """Pitches [frames] as the networks take them, [1, 1, frames]."""
    return torch.log(f0_hz / CENTRE_HZ)[None, None]


def test_a_contour_moves_to_another_speaker_s_level_and_spread() -> None:
    sung_hz = torch.tensor([90.0, 110.0, 130.0, 100.0])
    own = torch.stack([sung_hz.log().mean(), sung_hz.log().std()])[None]
    other = torch.tensor([[math.log(210.0), 1.2 * float(own[0, 1])]])
    moved = moved_pitch(contour(sung_hz), own, other)[0, 0] + math.log(CENTRE_HZ)
    assert float(moved.mean()) == pytest.approx(math.log(210.0), abs=1e-5)
    assert float(moved.std() / sung_hz.log().std()) == pytest.approx(1.2, rel=1e-4)


def test_a_contour_s_spread_and_range_are_bounded() -> None:
    sung_hz = torch.tensor([90.0, 110.0, 130.0])
    own = torch.tensor([[math.log(110.0), 0.15]])
    wild = moved_pitch(contour(sung_hz), own, torch.tensor([[math.log(110.0), 3.0]]))[0, 0]
    expected = SPREAD_RATIOS[1] * math.log(130 / 110)
    assert float(wild[2] - wild[1]) == pytest.approx(expected, rel=1e-4)
    for mean_hz, bound_hz in ((20.0, LOWEST_HZ), (2000.0, HIGHEST_HZ)):
        moved = moved_pitch(contour(sung_hz), own, torch.tensor([[math.log(mean_hz), 0.15]]))
        assert torch.allclose(torch.exp(moved) * CENTRE_HZ, torch.tensor(bound_hz))
