import dataclasses
from collections import Counter

import numpy as np
import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

import onnx_ir
import torch

from export import checks, parity
from export.checkpoint import build_converter
from export.config import ConverterConfig
from export.fidelity import open_on_cpu
from export.graphs import OPSETS, example_inputs, export_graph, run_module
from export.networks.reference_encoder import ReferenceEncoder
from tests.export.official_files import read_case
from tests.export.toys import BINS, CONVERTER_INTERFACE, ENCODER_INTERFACE, TONE, toys


@pytest.fixture(scope="module")
def encoder() -> ReferenceEncoder:
    torch.manual_seed(0)
    return ReferenceEncoder(BINS, TONE).eval()


@pytest.fixture(scope="module")
def graph(encoder: ReferenceEncoder) -> onnx_ir.Model:
    return export_graph(encoder, ENCODER_INTERFACE, 20)


def test_the_reference_encoder_is_one_gru_and_no_shape_arithmetic(graph: onnx_ir.Model) -> None:
    kinds = Counter(node.op_type for node in graph.graph)
    assert kinds["GRU"] == 1
    assert kinds["Conv"] == 6
    assert not kinds.keys() & {"Shape", "Expand", "Slice", "Gather", "Loop", "Scan", "Cast"}


def test_the_gru_is_pytorchs_at_any_length(encoder: ReferenceEncoder, graph: onnx_ir.Model) -> None:
    data = onnx_ir.to_proto(graph).SerializeToString()
    opened = open_on_cpu(data, ENCODER_INTERFACE)
    for frames in (1, 64, 65, 700):
        inputs = example_inputs(ENCODER_INTERFACE, 3, frames)
        wanted = run_module(encoder, ENCODER_INTERFACE, inputs)["tone"].numpy()
        check = checks.compare("tone", parity.run_graph(opened, inputs)["tone"], wanted, 1e-5)
        assert check.passed, check


def test_every_weight_keeps_its_name() -> None:
    network = toys()[0].eval()
    names = {
        value.name
        for value in export_graph(network, ENCODER_INTERFACE, 20).graph.initializers.values()
    }
    assert {"proj.weight", "proj.bias"} <= names


def test_nothing_of_the_machine_stays_in_the_graph(graph: onnx_ir.Model) -> None:
    assert __file__.rpartition("/tests/")[0].encode() not in (
        onnx_ir.to_proto(graph).SerializeToString()
    )
    assert not any(node.metadata_props for node in graph.graph)


@pytest.mark.parametrize("opset", [OPSETS.start, OPSETS.stop - 1])
def test_the_opset_is_the_one_asked_for(opset: int) -> None:
    model = export_graph(toys()[1], CONVERTER_INTERFACE, opset)
    assert model.opset_imports[""] == opset
    parity.check_axes(model, CONVERTER_INTERFACE)


def test_the_v1_graph_gives_the_originals_numbers(official_state: dict[str, torch.Tensor]) -> None:
    config = ConverterConfig(zero_g=False)
    interface = dataclasses.replace(
        CONVERTER_INTERFACE,
        inputs={**CONVERTER_INTERFACE.inputs, "noise": (None, config.inter_channels, None)},
    )
    model = export_graph(build_converter(config, official_state), interface, 20)
    parity.check_axes(model, interface)
    graph = open_on_cpu(onnx_ir.to_proto(model).SerializeToString(), interface)
    case = read_case("v1_case_a")
    case["noise"] *= case["temperature"]
    audio = parity.run_graph(graph, {name: case[name] for name in interface.inputs})["audio"]
    wanted = case["audio"].numpy()
    assert np.abs(audio - wanted).max() <= 1e-4 * np.abs(wanted).max()
