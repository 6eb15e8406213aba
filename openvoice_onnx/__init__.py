"""Voice cloning on ONNX Runtime: the import name of the installed package.

>>> from pathlib import Path
>>> from openvoice_onnx import VoiceCloner, wav
>>> cloner = VoiceCloner.load()
>>> result = cloner.clone(Path("a.wav").read_bytes(), Path("b.wav").read_bytes(), tau=1.0)
>>> Path("c.wav").write_bytes(wav.encode(result, cloner.sample_rate_hz))

It exports what `runtime` exports. A wheel holds the checkout's top-level packages as its
subpackages (`openvoice_onnx.runtime`, `openvoice_onnx.server`, `openvoice_onnx.client`); see
hatch_build.py.
"""

from runtime import *  # noqa: F403
from runtime import __all__ as __all__
