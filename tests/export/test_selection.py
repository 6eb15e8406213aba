from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

import onnx_ir
import torch

from export.calibration import best_range, observe
from export.examples import example_arrays
from export.graphs import export_graph
from export.qdq import convolutions
from export.selection import Selection, group_name
from tests.export.toys import CONVERTER_INTERFACE, StackedConverter

if TYPE_CHECKING:
    from export.calibration import Observation

# So many that the work of the tones' layer, once a clip, is below the share that counts.
FRAMES = 4000


@pytest.fixture(scope="module")
def judged() -> tuple[Selection, dict[str, Observation]]:
    torch.manual_seed(0)
    model = onnx_ir.to_proto(export_graph(StackedConverter().eval(), CONVERTER_INTERFACE, 20))
    clips = [example_arrays(CONVERTER_INTERFACE, 1, FRAMES, seed) for seed in range(2)]
    nodes = convolutions(model)
    names = [name for node in nodes for name in (node.input[0], node.output[0])]
    seen = observe(model, names, clips)
    ranges = {name: best_range(observation.values) for name, observation in seen.items()}
    return Selection(model, CONVERTER_INTERFACE, ranges, clips), seen


def chosen(judged: tuple[Selection, dict[str, Observation]], target_db: float) -> list[str]:
    selection, seen = judged
    return [group.name for group in selection.choose(seen, target_db, lambda line: None)]


def test_a_loose_target_takes_all_but_what_sees_the_tones(
    judged: tuple[Selection, dict[str, Observation]],
) -> None:
    names = chosen(judged, 5.0)
    assert {f"blocks.{index}" for index in range(4)} <= set(names)
    assert "tones" not in names


def test_a_tight_target_takes_what_is_cheap_and_is_kept(
    judged: tuple[Selection, dict[str, Observation]],
) -> None:
    selection, seen = judged
    groups = selection.choose(seen, 38.0, lambda line: None)
    names = [group.name for group in groups]
    assert 0 < len(names) < 6
    assert "blocks.0" in names or "blocks.1" in names
    assert selection.ratio_db(selection.quantized(groups)) >= 38.0


def test_an_impossible_target_takes_nothing(
    judged: tuple[Selection, dict[str, Observation]],
) -> None:
    assert chosen(judged, 90.0) == []


def test_every_group_is_announced(judged: tuple[Selection, dict[str, Observation]]) -> None:
    lines: list[str] = []
    judged[0].choose(judged[1], 30.0, lines.append)
    assert any(line.startswith("blocks.3 alone in int8: ") for line in lines)


def test_layers_of_a_block_are_one_group() -> None:
    assert group_name("dec.resblocks.10.convs1.2.weight") == "dec.resblocks.10"
    assert group_name("flow.flows.2.enc.in_layers.0.weight") == "flow.flows.2"
    assert group_name("dec.conv_pre.weight") == "dec.conv_pre"
    assert group_name("pre.weight") == "pre"
