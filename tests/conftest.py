"""What every test may ask for, and why a marked test is skipped where it cannot run."""

from __future__ import annotations

import importlib.util
import shutil

import pytest

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")


def _missing_for(marker: str) -> str | None:
    """Say what a marker's tests lack on this machine, or None."""
    if marker == "torch":
        lacking = [name for name in ("torch", "onnx") if importlib.util.find_spec(name) is None]
        return f"{' and '.join(lacking)} not installed" if lacking else None
    if marker == "browser":
        if importlib.util.find_spec("playwright") is None:
            return "playwright not installed"
        if not any(shutil.which(name) for name in CHROMIUM_NAMES):
            return "no Chromium on the PATH"
        return None
    if importlib.util.find_spec("onnxruntime") is None:
        return "onnxruntime not installed"
    import onnxruntime

    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        return "onnxruntime has no CUDA provider here"
    return None if shutil.which("nvidia-smi") else "no NVIDIA GPU here"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for marker in ("torch", "browser", "gpu"):
        marked = [item for item in items if item.get_closest_marker(marker)]
        if marked and (reason := _missing_for(marker)):
            for item in marked:
                item.add_marker(pytest.mark.skip(reason=reason))
