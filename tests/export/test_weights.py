from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

import onnx_ir
import onnxruntime
import torch

from export import parity
from export.errors import CheckpointError
from export.fidelity import open_on_cpu
from export.graphs import example_inputs, export_graph
from export.weights import load_weights, rounded_to_half, store_half
from tests.export.toys import CONVERTER_INTERFACE, toys


def casts(model: onnx_ir.Model) -> int:
    return sum(node.op_type == "Cast" for node in model.graph)


@pytest.fixture(scope="module")
def stored() -> onnx_ir.Model:
    model = export_graph(rounded_to_half(toys()[1]), CONVERTER_INTERFACE, 20)
    store_half(model)
    return model


def test_rounding_leaves_the_original_and_its_small_tensors() -> None:
    module = toys()[1]
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    rounded = rounded_to_half(module).state_dict()
    for name, tensor in module.state_dict().items():
        assert torch.equal(tensor, before[name])
        assert torch.equal(rounded[name], tensor.half().float() if tensor.numel() > 255 else tensor)


def test_large_weights_are_halved_and_the_graph_says_the_same(stored: onnx_ir.Model) -> None:
    full = export_graph(rounded_to_half(toys()[1]), CONVERTER_INTERFACE, 20)
    assert casts(stored) == 3
    graphs = [
        open_on_cpu(onnx_ir.to_proto(model).SerializeToString(), CONVERTER_INTERFACE)
        for model in (stored, full)
    ]
    inputs = example_inputs(CONVERTER_INTERFACE, 2, 31)
    halved, whole = (parity.run_graph(graph, inputs)["audio"] for graph in graphs)
    assert np.array_equal(halved, whole)


def test_what_half_precision_cannot_hold_stays_as_it_is() -> None:
    model = export_graph(toys()[1], CONVERTER_INTERFACE, 20)
    store_half(model)
    assert casts(model) == 0


def test_weights_are_read_back_by_name(stored: onnx_ir.Model) -> None:
    trained, network = rounded_to_half(toys()[1]), toys()[1]
    load_weights(network, onnx_ir.to_proto(stored))
    wanted = dict(trained.named_parameters())
    assert all(torch.equal(weight, wanted[name]) for name, weight in network.named_parameters())


def test_a_graph_of_another_network_is_refused(stored: onnx_ir.Model) -> None:
    with pytest.raises(
        CheckpointError, match=r"holds no weight proj\.weight of shape \[256, 513\]"
    ):
        load_weights(toys()[0], onnx_ir.to_proto(stored))


def test_onnx_runtime_folds_the_casts_when_it_loads(stored: onnx_ir.Model, tmp_path: Path) -> None:
    for level in ("ORT_ENABLE_BASIC", "ORT_ENABLE_ALL"):
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, level)
        options.optimized_model_filepath = str(tmp_path / f"{level}.onnx")
        options.log_severity_level = 3
        onnxruntime.InferenceSession(
            onnx_ir.to_proto(stored).SerializeToString(),
            options,
            providers=["CPUExecutionProvider"],
        )
        assert casts(onnx_ir.load(options.optimized_model_filepath)) == 0
