"""Which models a command looks at, and which of them are one checkpoint in several precisions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.options import Options
from runtime import Manifest

OF_OFFICIAL = ("int8", "fp16")
"""Precisions of the official size besides fp32."""


def models_of(options: Options) -> tuple[Path, ...]:
    """List the models asked for, and the official size where it is asked for.

    Raises:
        BenchmarkError: the official size could not be exported.
    """
    if not options.official:
        return options.models
    # PyTorch, which this imports, is not needed for models that are there
    from benchmarks.official import official_bundle

    return (*options.models, official_bundle(options))


def variants_of(options: Options) -> tuple[Path, ...]:
    """List the official size's other precisions, where it is asked for.

    Raises:
        BenchmarkError: one could not be exported.
    """
    if not options.official:
        return ()
    from benchmarks.official import official_bundle

    return tuple(official_bundle(options, precision) for precision in OF_OFFICIAL)


def families(folders: Sequence[Path]) -> list[tuple[Path, tuple[Path, ...]]]:
    """Pair each fp32 bundle of a checkpoint with the bundles of it in other precisions.

    Args:
        folders: bundles of any kind.

    Returns:
        Those that have such others, with them.
    """
    found = []
    manifests = {folder: Manifest.read(folder / "manifest.json") for folder in folders}
    for folder, manifest in manifests.items():
        if manifest.precision != "fp32" or manifest.checkpoint_sha256 is None:
            continue
        others = tuple(
            other
            for other, its in manifests.items()
            if its.checkpoint_sha256 == manifest.checkpoint_sha256 and its.precision != "fp32"
        )
        if others:
            found.append((folder, others))
    return found
