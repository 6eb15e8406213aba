from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.options import Options
from benchmarks.precisions import families, models_of, variants_of

pytest.importorskip("onnx")
from tests.bundles import make_bundle


def test_bundles_of_one_checkpoint_are_a_family(tmp_path: Path) -> None:
    full = make_bundle(tmp_path / "full", checkpoint_sha256="a")
    half = make_bundle(tmp_path / "half", checkpoint_sha256="a", precision="fp16")
    other = make_bundle(tmp_path / "other", checkpoint_sha256="b", precision="int8")
    alone = make_bundle(tmp_path / "alone")
    assert families([half, full, other, alone]) == [(full, (half,))]


def test_only_what_was_asked_for_is_looked_at(options: Options) -> None:
    only = replace(options, models=(Path("a"), Path("b")))
    assert models_of(only) == (Path("a"), Path("b"))
    assert variants_of(only) == ()
