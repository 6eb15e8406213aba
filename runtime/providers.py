"""Names of the execution providers: where ONNX Runtime computes."""

from typing import Literal, TypeAlias

Provider: TypeAlias = Literal[
    "auto",
    "cpu",
    "cuda",
    "cann",
    "coreml",
    "directml",
    "dnnl",
    "migraphx",
    "nnapi",
    "openvino",
    "qnn",
    "tensorrt",
    "vitisai",
    "webgpu",
    "xnnpack",
]
"""`auto` takes `cuda` where it works and else `cpu`."""

CPU = "CPUExecutionProvider"
CUDA = "CUDAExecutionProvider"
TENSORRT = "TensorrtExecutionProvider"

ONNX_RUNTIME_NAMES: dict[Provider, str] = {
    "cpu": CPU,
    "cuda": CUDA,
    "cann": "CANNExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "directml": "DmlExecutionProvider",
    "dnnl": "DnnlExecutionProvider",
    "migraphx": "MIGraphXExecutionProvider",
    "nnapi": "NnapiExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
    "qnn": "QNNExecutionProvider",
    "tensorrt": TENSORRT,
    "vitisai": "VitisAIExecutionProvider",
    "webgpu": "WebGpuExecutionProvider",
    "xnnpack": "XnnpackExecutionProvider",
}
"""ONNX Runtime's name of each provider (`onnxruntime.get_all_providers`)."""
