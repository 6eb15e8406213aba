from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

import onnx_ir

from export import checks, parity
from export.errors import ParityError
from export.fidelity import open_on_cpu
from export.graphs import export_graph
from runtime.errors import InvalidBundle
from tests.export.toys import (
    CONVERTER_INTERFACE,
    ENCODER_INTERFACE,
    ToyConverter,
    toys,
)

if TYPE_CHECKING:
    from runtime.sessions import Graph


AUDIO = checks.ABSOLUTE_TOLERANCE["audio"]


@pytest.fixture(scope="module")
def model() -> onnx_ir.Model:
    return export_graph(toys()[1], CONVERTER_INTERFACE, 20)


@pytest.fixture(scope="module")
def graph(model: onnx_ir.Model) -> Graph:
    data = onnx_ir.to_proto(model).SerializeToString()
    return open_on_cpu(data, CONVERTER_INTERFACE)


def test_a_graph_agrees_with_its_module_at_every_length(graph: Graph) -> None:
    checks = list(parity.compare_values(toys()[1], graph, 1, AUDIO))
    assert len(checks) == len(parity.LENGTHS)
    assert all(check.passed for check in checks)


def test_lengths_below_the_minimum_are_left_out(graph: Graph) -> None:
    subjects = [check.subject for check in parity.compare_values(toys()[1], graph, 31, AUDIO)]
    assert subjects[0] == "audio of 1 x 31 frames"


def test_an_offset_of_a_thousandth_fails(graph: Graph) -> None:
    shifted = ToyConverter(bias=1e-3)
    shifted.load_state_dict(toys()[1].state_dict())
    with pytest.raises(ParityError, match=r"audio of 2 x 173 frames: 1\.0e-03 of 2e-05  FAILED"):
        checks.require(parity.compare_values(shifted, graph, 1, AUDIO), lambda line: None)


def test_axes_are_held_to_their_names(model: onnx_ir.Model) -> None:
    parity.check_axes(model, CONVERTER_INTERFACE)
    with pytest.raises(ParityError, match=r"tone_encoder\.onnx: its inputs are"):
        parity.check_axes(model, ENCODER_INTERFACE)
    renamed = onnx_ir.from_proto(onnx_ir.to_proto(model))
    renamed.graph.inputs[3].shape = onnx_ir.Shape(["batch", 4, "time"])
    with pytest.raises(ParityError, match="'time'"):
        parity.check_axes(renamed, CONVERTER_INTERFACE)
    retyped = onnx_ir.from_proto(onnx_ir.to_proto(model))
    retyped.graph.outputs[0].type = onnx_ir.TensorType(onnx_ir.DataType.FLOAT16)
    with pytest.raises(ParityError, match="audio is FLOAT16"):
        parity.check_axes(retyped, CONVERTER_INTERFACE)


def test_the_runtime_refuses_another_networks_graph(model: onnx_ir.Model) -> None:
    with pytest.raises(InvalidBundle):
        open_on_cpu(onnx_ir.to_proto(model).SerializeToString(), ENCODER_INTERFACE)
