import json
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="needs torch")
pytestmark = pytest.mark.torch

import torch

from training.recipe import Recipe
from training.trainer import Trainer

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
    before = trainer.objective.terms(batch, criticised=False)[0]
    for _ in range(24):
        trainer.advance()
    after = trainer.objective.terms(batch, criticised=False)[0]
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


class Listener(torch.nn.Module):
    """A recogniser's shape without its weights, which notes how many recordings it hears."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[int] = []

    def forward(self, waveform: torch.Tensor) -> list[torch.Tensor]:
        self.heard.append(len(waveform))
        bands = waveform.unfold(1, 512, 256)
        return [bands.abs().mean(2, keepdim=True), bands.pow(2).mean(2, keepdim=True)]


def test_a_listener_hears_what_is_rebuilt_and_what_is_converted(
    prepared: Path, tmp_path: Path
) -> None:
    recipe = Recipe(
        steps=2,
        critic_weight=1.0,
        critic_items=3,
        critics_every=2,
        words_weight=1.0,
        words_items=2,
        **SMALL,
    )
    listener = Listener()
    trainer = Trainer(recipe, prepared, tmp_path, Critic(), listener)
    for heard in ([3, 2 + 3], [2, 2]):
        listener.heard.clear()
        terms = trainer.advance()
        # First the recordings, then what was made of them.
        assert listener.heard == heard
        assert terms["words"] > 0
        assert ("converted_words" in terms) == (heard[0] == 3)
    batch = trainer.recordings.batch(4, 40, 1.0)
    words = trainer.objective.terms(batch, criticised=True)[0]["words"]
    encoder = next(trainer.model.converter.enc_q.parameters())
    (gradient,) = torch.autograd.grad(words, encoder)
    assert bool(gradient.abs().sum() > 0)


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
    other = Trainer(Recipe(steps=1, **SMALL), prepared, tmp_path / "other")
    other.load(tmp_path / "checkpoint.pt", begin_again=True)
    drawn, crops = (t.recordings.batch(2, 40, 1.0).target for t in (trainer, other))
    assert not torch.equal(drawn, crops)
