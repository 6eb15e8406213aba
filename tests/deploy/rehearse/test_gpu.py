"""What the rehearsal of the GPU image reads from its Dockerfile, and what it finds wrong."""

from __future__ import annotations

import pytest

from deploy.rehearse import gpu
from deploy.rehearse.dockerfile import extras_of
from deploy.rehearse.errors import RehearsalError
from deploy.rehearse.gpu import DOCKERFILE, copied, faults, pip_step

MESSAGE = "CUDA cannot be used: check the GPU, its driver, CUDA and cuDNN"


def test_the_step_is_the_dockerfiles() -> None:
    text = DOCKERFILE.read_text("utf-8")
    assert pip_step(text).startswith(f"python3 -m venv {gpu.ENVIRONMENT}")
    assert {"pyproject.toml", "runtime", "onnx_models/compact"} <= set(copied(text))
    assert "gpu" in extras_of(DOCKERFILE)
    with pytest.raises(RehearsalError, match="no step"):
        pip_step("FROM base\nRUN true\n")


@pytest.mark.parametrize(
    ("status", "printed", "wrong"),
    [
        (1, MESSAGE, ""),
        (0, MESSAGE, "ended well"),
        (1, "Segmentation fault", "does not name GPU, driver, CUDA, cuDNN"),
    ],
)
def test_a_server_without_a_gpu_ends_with_a_reason(status: int, printed: str, wrong: str) -> None:
    found = faults(status, printed)
    assert wrong in found
    assert bool(found) == bool(wrong)


def test_a_machine_that_cannot_tell_is_told_from_a_fault(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: f"/bin/{name}")
    assert gpu.main([]) == 2
    assert "there is a GPU here" in capsys.readouterr().err
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert gpu.main([]) == 2
    assert "not installed: python3.12, readelf" in capsys.readouterr().err
