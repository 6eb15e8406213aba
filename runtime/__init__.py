"""Tone-colour conversion on ONNX Runtime: decode, embed a voice, convert, encode.

>>> from pathlib import Path
>>> from runtime import VoiceCloner, wav
>>> cloner = VoiceCloner.load()
>>> result = cloner.clone(Path("a.wav").read_bytes(), Path("b.wav").read_bytes(), tau=1.0)
>>> Path("c.wav").write_bytes(wav.encode(result, cloner.sample_rate_hz))
"""

from runtime.arrays import Tone, Waveform
from runtime.cloner import DEFAULT_MODEL, VoiceCloner
from runtime.errors import OpenVoiceError
from runtime.manifest import Manifest

__all__ = ["DEFAULT_MODEL", "Manifest", "OpenVoiceError", "Tone", "VoiceCloner", "Waveform"]
