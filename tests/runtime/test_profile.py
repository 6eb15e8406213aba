import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from runtime.profile import signal_nodes


def _event(name: str, operator: str, provider: str, kind: str) -> dict[str, Any]:
    return {
        "cat": "Node",
        "name": f"{name}_kernel_time",
        "args": {
            "op_name": operator,
            "provider": provider,
            "output_type_shape": [{kind: [1, 2]}],
        },
    }


def test_only_signals_of_the_provider_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    cpu, cuda = "CPUExecutionProvider", "CUDAExecutionProvider"
    events = [
        {"cat": "Session", "name": "model_run", "args": {}},
        {"cat": "Node", "name": "fence", "args": {}},
        _event("conv_1", "Conv", cuda, "float"),
        _event("shape_1", "Shape", cpu, "int64"),
        _event("loop", "Conv", cpu, "float"),
        _event("loop", "Conv", cpu, "float"),
        _event("quantised", "QLinearConv", cpu, "uint8"),
    ]
    path.write_text(json.dumps(events))
    assert signal_nodes(path, cpu) == ["Conv loop", "QLinearConv quantised"]
    assert signal_nodes(path, cuda) == ["Conv conv_1"]


def test_a_real_profile_is_understood(bundle: Path, tmp_path: Path) -> None:
    options = onnxruntime.SessionOptions()
    options.enable_profiling = True
    options.profile_file_prefix = str(tmp_path / "profile")
    session = onnxruntime.InferenceSession(
        bundle / "tone_encoder.onnx", options, providers=["CPUExecutionProvider"]
    )
    session.run(None, {"spectrogram": np.ones((1, 513, 50), np.float32)})
    nodes = signal_nodes(Path(session.end_profiling()), "CPUExecutionProvider")
    # fusion may rename operators and join them
    assert any("Conv" in node for node in nodes)
    assert all(len(node.split()) == 2 for node in nodes)
