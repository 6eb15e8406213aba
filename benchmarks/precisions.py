"""The bundles that a command measures, and those made of the same checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.options import Options
from runtime import Manifest

OF_OFFICIAL = ("int8", "fp16")
"""Precisions of the official size other than fp32."""


def models_of(options: Options) -> tuple[Path, ...]:
    """List the models asked for and, if asked for, the official size.

    Args:
        options: What to measure, and how.

    Returns:
        Folders of the bundles.

    Raises:
        BenchmarkError: The official size could not be exported.
    """
    if not options.official:
        return options.models
    # imports PyTorch, which bundles on disk do not need
    from benchmarks.official import official_bundle

    return (*options.models, official_bundle(options))


def variants_of(options: Options) -> tuple[Path, ...]:
    """List the official size's other precisions, if it is asked for.

    Args:
        options: What to measure, and how.

    Returns:
        Folders of the bundles.

    Raises:
        BenchmarkError: A precision could not be exported.
    """
    if not options.official:
        return ()
    from benchmarks.official import official_bundle

    return tuple(official_bundle(options, precision) for precision in OF_OFFICIAL)


def families(folders: Sequence[Path]) -> list[tuple[Path, tuple[Path, ...]]]:
    """Pair each fp32 bundle with the bundles of its checkpoint in other precisions.

    Args:
        folders: Folders of bundles.

    Returns:
        The fp32 bundles that have such others, each with them.
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
