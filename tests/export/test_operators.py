import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

import torch

from export.operators import OnnxFlatten, OnnxGru, with_onnx_operators


def test_only_the_copy_is_changed() -> None:
    module = torch.nn.Sequential(torch.nn.Flatten(2), torch.nn.GRU(4, 3, batch_first=True))
    copied = with_onnx_operators(module)
    assert [type(part) for part in copied.children()] == [OnnxFlatten, OnnxGru]
    assert [type(part) for part in module.children()] == [torch.nn.Flatten, torch.nn.GRU]


@pytest.mark.parametrize(
    "gru",
    [
        torch.nn.GRU(4, 3),
        torch.nn.GRU(4, 3, num_layers=2, batch_first=True),
        torch.nn.GRU(4, 3, bidirectional=True, batch_first=True),
        torch.nn.GRU(4, 3, bias=False, batch_first=True),
    ],
)
def test_other_grus_are_refused(gru: torch.nn.GRU) -> None:
    with pytest.raises(ValueError, match="only a one-layer"):
        OnnxGru(gru)


def test_other_flattening_is_refused() -> None:
    with pytest.raises(ValueError, match="third on"):
        OnnxFlatten(torch.nn.Flatten())
