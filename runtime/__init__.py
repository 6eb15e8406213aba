"""Tone-colour conversion on ONNX Runtime: decode, embed a voice, convert, encode.

>>> from pathlib import Path
>>> from runtime import VoiceCloner, wav
>>> cloner = VoiceCloner.load()
>>> result = cloner.clone(Path("a.wav").read_bytes(), Path("b.wav").read_bytes(), tau=1.0)
>>> Path("c.wav").write_bytes(wav.encode(result, cloner.sample_rate_hz))
"""

import os

# ONNX Runtime's wheels report usage over the network, and write to the home folder, unless this
# is set before they are imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

from runtime.arrays import Tone, Waveform
from runtime.cloner import DEFAULT_MODEL, VoiceCloner
from runtime.errors import OpenVoiceError
from runtime.manifest import Manifest

__all__ = ["DEFAULT_MODEL", "Manifest", "OpenVoiceError", "Tone", "VoiceCloner", "Waveform"]
