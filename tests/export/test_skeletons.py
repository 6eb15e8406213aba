from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from export.networks.converter import ToneColourConverter

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

import onnx
import onnx_ir
import torch

from export import skeletons
from export.errors import ExportError
from export.fidelity import open_on_cpu
from export.graphs import DEFAULT_OPSET, example_inputs, export_graph
from export.official import official_facts
from export.parity import run_graph
from runtime.install.official import skeleton_folder
from runtime.install.plan import Plan, Recipe
from runtime.install.pouring import Pouring
from runtime.interface import tone_converter_interface, tone_encoder_interface
from runtime.manifest import TONE_CONVERTER, TONE_ENCODER
from tests.export.official_files import EXPORT_AGAIN


def test_a_filled_skeleton_is_the_exports_graph(
    converter: ToneColourConverter, checkpoint_folder: Path, tmp_path: Path
) -> None:
    variant = "v1" if converter.conditioned else "v2"
    Pouring(skeleton_folder(variant)).pour(checkpoint_folder / "checkpoint.pth", tmp_path)
    facts = official_facts(
        skeletons.CONFIGS[variant], name="", provenance="", checkpoint_sha256=None
    )
    draft = facts.manifest(DEFAULT_OPSET, 0, 1)
    for module, interface in (
        (converter.ref_enc, tone_encoder_interface(draft)),
        (converter, tone_converter_interface(draft)),
    ):
        exported = onnx_ir.to_proto(export_graph(module, interface, DEFAULT_OPSET))
        data = exported.SerializeToString()
        poured = (tmp_path / interface.file_name).read_bytes()
        inputs = example_inputs(interface, 1, 31)
        wanted, found = (
            run_graph(open_on_cpu(graph, interface), inputs)[interface.output]
            for graph in (data, poured)
        )
        assert np.abs(found - wanted).max() <= 1e-6 * np.abs(wanted).max(), EXPORT_AGAIN
        assert poured == data, EXPORT_AGAIN


@pytest.mark.parametrize("variant", ["v1", "v2"])
def test_the_plan_expects_the_checkpoints_tensors(variant: str) -> None:
    from export.checkpoint import expected_shapes

    plan = Plan.read(skeleton_folder(variant))
    config = skeletons.CONFIGS[variant]
    assert plan.shapes == expected_shapes(config)
    assert Plan(plan.manifest, plan.config, plan.shapes, plan.weights) == plan


def test_a_plan_that_does_not_make_a_weight_is_refused() -> None:
    state = {"a": torch.arange(12.0), "b": torch.arange(12.0) + 1}
    weights = [onnx.numpy_helper.from_array(state[name].numpy(), name) for name in ("a", "b")]
    graph = onnx.helper.make_model(onnx.helper.make_graph([], "g", [], [], weights))
    recipes = {name: Recipe((("a",),)) for name in ("a", "b")}
    plan = Plan({}, {}, {"a": (12,), "b": (12,)}, {"g": recipes})
    with pytest.raises(ExportError, match=r"g: b$"):
        skeletons.check_plan(plan, {"g": graph}, state)
    unknown = Plan({}, {}, plan.shapes, {"g": {**recipes, "b": Recipe((("c",),))}})
    with pytest.raises(ExportError, match="which no tensor is called"):
        skeletons.check_plan(unknown, {"g": graph}, state)


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    plan = Plan.read(skeleton_folder("v2"))
    plan.write(tmp_path)
    assert Plan.read(tmp_path) == plan
    assert plan.weights.keys() == {TONE_ENCODER, TONE_CONVERTER}
