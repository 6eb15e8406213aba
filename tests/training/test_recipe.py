from pathlib import Path

import pytest

pytest.importorskip("torch", reason="needs torch")
pytestmark = pytest.mark.torch

import torch

import training.__main__ as command
from export.networks.compact import CompactConfig, CompactModel
from training.recipe import SCHEDULES, STAGES, load_run, train


def test_every_stage_but_the_closed_form_one_has_a_schedule() -> None:
    assert set(SCHEDULES) == set(STAGES) - {"voices"}
    assert command.STAGES == STAGES


def test_a_later_stage_s_weights_stand(tmp_path: Path) -> None:
    model = CompactModel(CompactConfig())
    content = model.converter.analysis.content

    def averaged(value: float) -> dict[str, object]:
        filled = {name: torch.full_like(w, value) for name, w in content.state_dict().items()}
        return {"average": {f"content.{name}": weight for name, weight in filled.items()}}

    torch.save(averaged(1.0), tmp_path / "content.pt")
    torch.save(averaged(2.0), tmp_path / "conversion.pt")
    first = load_run(tmp_path, ("content",)).converter.analysis.content.head.bias
    both = load_run(tmp_path, ("content", "conversion")).converter.analysis.content.head.bias
    assert bool((first == 1).all()) and bool((both == 2).all())


def test_a_stage_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="content"):
        load_run(tmp_path)


def test_only_conversions_are_shared_by_processes(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="the stage pitch is trained in one process"):
        train("pitch", tmp_path, tmp_path, None, threads=1, count=2)
