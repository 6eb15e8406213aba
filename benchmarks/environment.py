"""Description of the machine and the software that figures were measured on."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from importlib import metadata
from pathlib import Path

import psutil
import soundfile

from benchmarks.options import Options
from benchmarks.report import Cell
from runtime.sessions import available_cpus

_CPU_INFO = Path("/proc/cpuinfo")
_PACKAGES = (
    "numpy",
    "onnxruntime",
    "onnxruntime-gpu",
    "soxr",
    "starlette",
    "uvicorn",
    "httpx",
    "torch",
)
_MEBIBYTE = 1 << 20


def describe(options: Options) -> dict[str, Cell]:
    """Describe this machine as it is now, before the benchmark begins.

    Args:
        options: What to measure, and how.

    Returns:
        Facts by name.
    """
    facts: dict[str, Cell] = {
        "CPU": _cpu_model(),
        "CPUs to use": available_cpus(),
        "memory MiB": psutil.virtual_memory().total // _MEBIBYTE,
        "GPU": _gpu(),
        "system": f"{platform.system()} {platform.machine()}",
        "load average before": round(os.getloadavg()[0], 2),
        "provider": options.provider,
        "threads": options.threads or available_cpus(),
        "Python": platform.python_version(),
        "libsndfile": soundfile.__libsndfile_version__,
    }
    return facts | {name: found for name in _PACKAGES if (found := _version(name))}


def _cpu_model() -> str:
    if _CPU_INFO.exists():
        for line in _CPU_INFO.read_text(encoding="utf-8").splitlines():
            name, _, model = line.partition(":")
            if name.strip() == "model name":
                return model.strip()
    return platform.processor() or platform.machine()


def _gpu() -> str:
    command = shutil.which("nvidia-smi")
    if command is None:
        return "none"
    listed = subprocess.run(
        [command, "--query-gpu=name", "--format=csv,noheader"],
        capture_output=True,
        text=True,
        check=False,
    )
    return ", ".join(listed.stdout.split("\n")).strip(", ") or "none"


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
