from __future__ import annotations

import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

import onnx_ir
import torch

from export.calibration import calibrate
from export.examples import example_arrays
from export.graphs import export_graph
from export.selection import Selection, group_name, output_sizes
from tests.export.toys import CONVERTER_INTERFACE, HOP, LATENT, StackedConverter

# So many that the work of the tones' layer, once a clip, is below the share that counts.
FRAMES = 4000


@pytest.fixture(scope="module")
def judged() -> Selection:
    torch.manual_seed(0)
    model = onnx_ir.to_proto(export_graph(StackedConverter().eval(), CONVERTER_INTERFACE, 20))
    clips = [example_arrays(CONVERTER_INTERFACE, 1, FRAMES, seed) for seed in range(2)]
    return Selection(model, CONVERTER_INTERFACE, calibrate(model, clips), clips)


def chosen(judged: Selection, target_db: float) -> list[str]:
    return [group.name for group in judged.choose(target_db, lambda line: None)]


def test_a_loose_target_takes_all_but_what_sees_the_tones(
    judged: Selection,
) -> None:
    names = chosen(judged, 5.0)
    assert {f"blocks.{index}" for index in range(4)} <= set(names)
    assert "tones" not in names


def test_a_tight_target_takes_what_is_cheap_and_is_kept(
    judged: Selection,
) -> None:
    groups = judged.choose(38.0, lambda line: None)
    names = [group.name for group in groups]
    assert 0 < len(names) < 6
    assert "blocks.0" in names or "blocks.1" in names
    assert judged.ratio_db(judged.quantized(groups)) >= 38.0


def test_an_impossible_target_takes_nothing(
    judged: Selection,
) -> None:
    assert chosen(judged, 90.0) == []


def test_every_group_is_announced(judged: Selection) -> None:
    lines: list[str] = []
    judged.choose(30.0, lines.append)
    assert any(line.startswith("blocks.3 alone in int8: ") for line in lines)


def test_outputs_are_counted() -> None:
    model = onnx_ir.to_proto(export_graph(StackedConverter().eval(), CONVERTER_INTERFACE, 20))
    clip = example_arrays(CONVERTER_INTERFACE, 1, 7)
    assert output_sizes(model, ["audio", "noise"], clip) == {"audio": 7 * HOP, "noise": 7 * LATENT}


def test_layers_of_a_block_are_one_group() -> None:
    assert group_name("dec.resblocks.10.convs1.2.weight") == "dec.resblocks.10"
    assert group_name("flow.flows.2.enc.in_layers.0.weight") == "flow.flows.2"
    assert group_name("dec.conv_pre.weight") == "dec.conv_pre"
    assert group_name("pre.weight") == "pre"
