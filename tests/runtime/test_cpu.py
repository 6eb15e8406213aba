from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from runtime.cpu import int8_support

CHANNELS, TAPS = 64, 3
LARGEST_SUM = CHANNELS * TAPS


def cpuinfo(folder: Path, line: str) -> Path:
    path = folder / "cpuinfo"
    path.write_text(f"processor\t: 0\n{line}\nprocessor\t: 1\n{line}\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("machine", "line", "fast", "exact", "named"),
    [
        ("x86_64", "flags\t\t: fpu avx2 avx512f avx512_vnni", True, True, "avx512_vnni"),
        ("AMD64", "flags\t\t: fpu avx2 avx_vnni", True, True, "avx_vnni"),
        ("x86_64", "flags\t\t: fpu avx2 avx512f vaes", True, False, "VNNI"),
        ("x86_64", "flags\t\t: fpu sse4_1", False, False, "VNNI"),
        ("aarch64", "Features\t: fp asimd asimddp i8mm", True, True, "i8mm"),
        ("arm64", "Features\t: fp asimd asimddp", True, True, "asimddp"),
        ("aarch64", "Features\t: fp asimd crc32", False, True, "asimddp"),
    ],
)
def test_instructions_decide(
    tmp_path: Path, machine: str, line: str, fast: bool, exact: bool, named: str
) -> None:
    found = int8_support(cpuinfo(tmp_path, line), machine)
    assert (found.fast, found.exact) == (fast, exact)
    assert named in found.reason


@pytest.mark.parametrize(
    ("machine", "line"), [("riscv64", "isa\t: rv64gc"), ("x86_64", "model\t: 1")]
)
def test_what_cannot_be_read_is_not_known(tmp_path: Path, machine: str, line: str) -> None:
    found = int8_support(cpuinfo(tmp_path, line), machine)
    assert (found.fast, found.exact) == (None, None)


def test_a_system_without_the_list_is_not_known(tmp_path: Path) -> None:
    assert int8_support(tmp_path / "missing", "x86_64").exact is None


def convolution_of_the_largest_numbers() -> float:
    """Sum inputs of 1 under weights of 1 in an int8 graph, where both are the largest number."""
    constants = {
        "input_scale": np.float32(1 / 255),
        "input_zero": np.uint8(0),
        "weight": np.full((8, CHANNELS, TAPS), 127, np.int8),
        "weight_scale": np.float32(1 / 127),
        "weight_zero": np.int8(0),
        "output_scale": np.float32(LARGEST_SUM / 255),
        "output_zero": np.uint8(0),
    }
    steps = [
        ("QuantizeLinear", ["input", "input_scale", "input_zero"], "levels"),
        ("DequantizeLinear", ["levels", "input_scale", "input_zero"], "values"),
        ("DequantizeLinear", ["weight", "weight_scale", "weight_zero"], "weights"),
        ("Conv", ["values", "weights"], "sums"),
        ("QuantizeLinear", ["sums", "output_scale", "output_zero"], "sum_levels"),
        ("DequantizeLinear", ["sum_levels", "output_scale", "output_zero"], "output"),
    ]
    graph = helper.make_graph(
        [helper.make_node(operator, inputs, [output]) for operator, inputs, output in steps],
        "convolution",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, (1, CHANNELS, 16))],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, (1, 8, 14))],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    found = session.run(None, {"input": np.ones((1, CHANNELS, 16), np.float32)})[0]
    return float(found.min())


def test_sums_on_this_machine_are_as_exact_as_said() -> None:
    exact = int8_support().exact
    if exact is None:
        pytest.skip("the processor's instructions cannot be read here")
    assert (convolution_of_the_largest_numbers() == pytest.approx(LARGEST_SUM)) == exact
