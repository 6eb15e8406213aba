from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from runtime.install.official import skeleton_folder
from runtime.install.plan import Plan
from runtime.install.skeleton import Skeleton

VARIANTS = ("v1", "v2")


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_weight_is_planned(variant: str) -> None:
    folder = skeleton_folder(variant)
    plan = Plan.read(folder)
    for name, weights in plan.weights.items():
        skeleton = Skeleton(folder / name)
        assert {gap.name for gap in skeleton.gaps} == weights.keys()
        assert skeleton.weight_bytes < skeleton.filled_bytes
        assert (folder / name).stat().st_size < 250_000, "a skeleton holds no weights"


def test_a_weight_of_another_size_is_refused() -> None:
    skeleton = Skeleton(skeleton_folder("v2") / "tone_encoder.onnx")
    with pytest.raises(ValueError, match=r"has 4 bytes, not"):
        skeleton.fill(io.BytesIO(), lambda name: np.zeros(1, np.float32))


def test_a_filled_skeleton_is_as_large_as_it_says() -> None:
    skeleton = Skeleton(skeleton_folder("v2") / "tone_encoder.onnx")
    lengths = {gap.name: gap.length // 4 for gap in skeleton.gaps}
    file = io.BytesIO()
    skeleton.fill(file, lambda name: np.zeros(lengths[name], np.float32))
    assert len(file.getvalue()) == skeleton.filled_bytes


@pytest.mark.torch
@pytest.mark.parametrize("variant", VARIANTS)
def test_a_skeleton_is_an_onnx_file_whose_weights_are_external(
    variant: str, tmp_path: Path
) -> None:
    onnx = pytest.importorskip("onnx")
    from onnx import numpy_helper

    folder = skeleton_folder(variant)
    place = 0
    for name in ("tone_encoder.onnx", "tone_converter.onnx"):
        model = onnx.load(folder / name, load_external_data=False)
        skeleton = Skeleton(folder / name)
        external = [t for t in model.graph.initializer if t.data_location]
        assert [tensor.name for tensor in external] == [gap.name for gap in skeleton.gaps]
        weights: dict[str, NDArray[np.float32]] = {}
        for tensor in external:
            entries = {entry.key: entry.value for entry in tensor.external_data}
            length = 4 * int(np.prod(tensor.dims))
            assert entries == {
                "location": "weights",
                "offset": str(place),
                "length": str(length),
            }
            place += length
            weights[tensor.name] = np.full(tensor.dims, place, np.float32)
        file = io.BytesIO()
        skeleton.fill(file, weights.__getitem__)
        filled = onnx.load_from_string(file.getvalue())
        onnx.checker.check_model(filled, full_check=True)
        for tensor in filled.graph.initializer:
            if tensor.name in weights:
                np.testing.assert_array_equal(numpy_helper.to_array(tensor), weights[tensor.name])
