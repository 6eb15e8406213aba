import numpy as np
import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

import onnx_ir
import torch

from export import parity
from export.errors import ExportError
from export.fidelity import open_on_cpu
from export.graphs import example_inputs, export_graph, run_module
from export.half import to_half
from tests.export.toys import CONVERTER_INTERFACE, toys


@pytest.fixture(scope="module")
def halved() -> onnx_ir.Model:
    model = export_graph(toys()[1], CONVERTER_INTERFACE, 20)
    to_half(model)
    return model


def test_inputs_and_output_stay_as_they_were(halved: onnx_ir.Model) -> None:
    parity.check_axes(halved, CONVERTER_INTERFACE)


def test_everything_inside_is_half(halved: onnx_ir.Model) -> None:
    kinds = {value.dtype for value in halved.graph.initializers.values()}
    assert onnx_ir.DataType.FLOAT not in kinds
    casts = [node for node in halved.graph if node.op_type == "Cast"]
    assert len(casts) == len(halved.graph.inputs) + 1


def test_the_numbers_are_half_precisions(halved: onnx_ir.Model) -> None:
    data = onnx_ir.to_proto(halved).SerializeToString()
    graph = open_on_cpu(data, CONVERTER_INTERFACE)
    inputs = example_inputs(CONVERTER_INTERFACE, 2, 31)
    found = parity.run_graph(graph, inputs)["audio"]
    wanted = run_module(toys()[1], CONVERTER_INTERFACE, inputs)["audio"].numpy()
    assert 0 < np.abs(found - wanted).max() < 1e-2


def test_weights_beyond_the_range_are_named() -> None:
    converter = toys()[1]
    torch.nn.init.constant_(converter.up.weight, 1e6)
    model = export_graph(converter, CONVERTER_INTERFACE, 20)
    with pytest.raises(ExportError, match=r"up\.weight is beyond the range"):
        to_half(model)
