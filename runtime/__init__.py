"""Voice cloning on ONNX Runtime: decode audio, embed a voice, convert speech, encode WAV.

>>> from pathlib import Path
>>> from runtime import VoiceCloner, wav
>>> cloner = VoiceCloner.load()
>>> target, source = Path("target.wav").read_bytes(), Path("source.wav").read_bytes()
>>> waveform = cloner.clone(target, source, tau=1.0)
>>> Path("output.wav").write_bytes(wav.encode(waveform, cloner.sample_rate_hz))
"""

import os

# ONNX Runtime's packages send usage data to Microsoft and store an identifier in the home folder,
# unless this is set before they are imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

from runtime import wav
from runtime.arrays import Tone, Waveform
from runtime.cloner import VoiceCloner
from runtime.errors import OpenVoiceError
from runtime.manifest import Manifest
from runtime.marking.reader import WatermarkReader
from runtime.marking.writer import WatermarkWriter
from runtime.models import DEFAULT_MODEL

__all__ = [
    "DEFAULT_MODEL",
    "Manifest",
    "OpenVoiceError",
    "Tone",
    "VoiceCloner",
    "WatermarkReader",
    "WatermarkWriter",
    "Waveform",
    "wav",
]
