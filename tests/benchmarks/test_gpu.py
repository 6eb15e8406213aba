from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace

import onnxruntime
import pytest

from benchmarks.options import Options
from runtime.providers import CUDA, TENSORRT

pytest.importorskip("torch")
from benchmarks import gpu
from tests.benchmarks.check import check, rows_of

pytestmark = pytest.mark.torch


def test_without_a_gpu_nothing_is_claimed(
    options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu, "has_gpu", lambda: False)
    report = gpu.run(replace(options, official=True))
    assert [row[0] for row in report.tables[0].rows][-3:] == [
        "ours, fp32",
        "ours, TF32",
        "ours, fp16",
    ]
    cells = [cell for table in report.tables for row in table.rows for cell in row[1:]]
    assert cells and all(cell is None for cell in cells)


def test_a_gpu_is_measured_with_what_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [TENSORRT, CUDA])
    assert list(gpu.gpu().others) == ["ours, TF32", "ours, TensorRT fp16"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [CUDA])
    assert gpu.gpu().others == {"ours, TF32": ("cuda", gpu.TF32)}


def test_memory_is_read_from_nvidia_smi(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert gpu.used_memory_mib() is None
    monkeypatch.setattr(shutil, "which", lambda name: name)
    said = subprocess.CompletedProcess([], 0, stdout="1234\n5\n")
    monkeypatch.setattr(subprocess, "run", lambda command, **settings: said)
    assert gpu.used_memory_mib() == 1234


@pytest.mark.slow
def test_a_stand_in_is_measured(options: Options) -> None:
    memory = iter((100.0, 140.0))
    device = gpu.Device("cpu", "cpu", {"ours, again": ("cpu", {})}, lambda: next(memory))
    report = gpu.report(replace(options, official=True), device)
    check(report, options)
    rows = rows_of(report, "Batches")
    assert [(row["converter"], row["batch"]) for row in rows] == [
        (name, batch)
        for batch in gpu.BATCHES[:2]
        for name in ("PyTorch, fp32", "ours, fp32", "ours, again")
    ]
    for row in rows:
        ratio = row["SNR dB"]
        assert ratio is None if "PyTorch" in str(row["converter"]) else float(str(ratio)) > 60
    served = rows_of(report, "Server")
    assert [row["clients"] for row in served] == list(gpu.CLIENTS)
    assert {row["GPU memory MiB"] for row in served} == {40.0}


@pytest.mark.gpu
def test_a_gpu_is_measured(options: Options) -> None:
    assert gpu.has_gpu()
    report = gpu.run(replace(options, official=True))
    assert all(row[2] is not None for table in report.tables for row in table.rows)
