from dataclasses import replace

import pytest

from benchmarks.options import Options

pytest.importorskip("torch")
from benchmarks import gpu

pytestmark = [pytest.mark.torch, pytest.mark.slow]


def test_without_a_gpu_nothing_is_claimed(
    options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu, "has_gpu", lambda: False)
    table = gpu.table(replace(options, official=True))
    assert [row[0] for row in table.rows] == ["PyTorch", "ours, fp32", "ours, fp16"]
    assert all(cell is None for row in table.rows for cell in row[1:])


def test_batches_are_measured_on_a_device(options: Options) -> None:
    rows = gpu.measure(replace(options, official=True), "cpu")
    assert [row[:2] for row in rows] == [
        (name, batch) for batch in gpu.BATCHES for name in ("PyTorch", "ours, fp32")
    ]
    assert all(isinstance(row[-1], float) and row[-1] > 60 for row in rows[1::2])


@pytest.mark.gpu
def test_a_gpu_is_measured(options: Options) -> None:
    assert gpu.has_gpu()
    table = gpu.table(replace(options, official=True))
    assert all(cell is not None for row in table.rows for cell in row[:-1])
