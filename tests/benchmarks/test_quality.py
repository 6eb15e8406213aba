from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import quality
from benchmarks.options import Options
from tests.benchmarks.check import check, rows_of

pytestmark = pytest.mark.slow


def test_tau_goes_from_source_to_target(options: Options) -> None:
    report = quality.run(options)
    check(report, options)
    found = rows_of(report, "tau")
    assert [row["tau"] for row in found] == list(quality.TAUS)
    assert all(isinstance(row["to the target"], float) for row in found)
    assert rows_of(report, "Precision")[0]["mean dB"] is None


def test_precisions_of_one_checkpoint_are_held_against_fp32(
    options: Options, tmp_path: Path
) -> None:
    from tests.bundles import make_bundle, tone_converter, write_graph, write_manifest

    full = make_bundle(tmp_path / "full", checkpoint_sha256="a")
    half = make_bundle(tmp_path / "half", name="half")
    graph = tone_converter()
    # a thousandth of the last convolution's strength away: 60 dB
    for tensor in graph.graph.initializer:
        if tensor.name == "third":
            from onnx import numpy_helper

            changed = numpy_helper.to_array(tensor) * 1.001
            tensor.CopyFrom(numpy_helper.from_array(changed.astype("float32"), "third"))
    write_graph(half / "tone_converter.onnx", graph)
    quality_figures = {"fp16": {quality.RECORDED: 61.5}}
    write_manifest(
        half, name="half", checkpoint_sha256="a", precision="fp16", quality=quality_figures
    )
    report = quality.run(replace(options, models=(full, half)))
    check(report, options)
    row = rows_of(report, "Precision")[0]
    assert (row["model"], row["precision"]) == ("half", "fp16")
    assert isinstance(row["mean dB"], float) and 50 < row["mean dB"] < 75
    assert row["recorded dB"] == 61.5
    assert report.goals[-1].met is True
