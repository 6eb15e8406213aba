from pathlib import Path

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="needs onnx")

import json

import onnxruntime
from onnx import TensorProto, helper

from training.kokoro import F0, PARTS, TIMBRE, VOCABULARY, VOICES, Kokoro, with_pitch

TOKENS, STYLE = "tokens", "style"


def toy() -> bytes:
    """A graph with Kokoro's inputs: F0 is a hundred times the tokens, audio F0 and the timbre."""
    nodes = [
        helper.make_node("Cast", [TOKENS], ["number"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["number", "hundred"], [F0]),
        helper.make_node("ReduceMean", [STYLE], ["mean"], keepdims=1),
        helper.make_node("Add", [F0, "mean"], ["shifted"]),
        helper.make_node("Mul", ["shifted", "speed"], ["audio"]),
    ]
    graph = helper.make_graph(
        nodes,
        "toy",
        [
            helper.make_tensor_value_info(TOKENS, TensorProto.INT64, [1, "length"]),
            helper.make_tensor_value_info(STYLE, TensorProto.FLOAT, [1, 2 * TIMBRE]),
            helper.make_tensor_value_info("speed", TensorProto.FLOAT, [1]),
        ],
        [helper.make_tensor_value_info("audio", TensorProto.FLOAT, None)],
        [helper.make_tensor("hundred", TensorProto.FLOAT, [1], [100.0])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    return bytes(model.SerializeToString())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Kokoro's files, with a toy for the graph and two voices."""
    whole = toy()
    quarter = len(whole) // 4 + 1
    for part in range(4):
        path = tmp_path / PARTS.format(part + 1)
        path.parent.mkdir(parents=True)
        path.write_bytes(whole[part * quarter : (part + 1) * quarter])
    path = tmp_path / VOCABULARY
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"vocab": {"a": 1, "b": 2, "ˈ": 3}}))
    (tmp_path / VOICES).mkdir(parents=True)
    for index, name in enumerate(("af_one", "bm_two")):
        styles = np.full((3, 2 * TIMBRE), index, np.float32) + np.arange(3)[:, None]
        styles.astype(np.float32).tofile(tmp_path / VOICES / f"{name}.bin")
    return tmp_path


def test_pitch_is_an_input_and_f0_an_output() -> None:
    session = onnxruntime.InferenceSession(
        with_pitch(onnx.load_from_string(toy())).SerializeToString()
    )
    feeds = {
        TOKENS: np.array([[1, 2]]),
        STYLE: np.zeros((1, 2 * TIMBRE), np.float32),
        "speed": np.ones(1, np.float32),
        "pitch": np.array([1.5], np.float32),
    }
    audio, f0_hz = session.run(None, feeds)
    assert audio.tolist() == [[150, 300]] and f0_hz.tolist() == [[100, 200]]


def test_speech_is_made_of_tokens_and_a_style(folder: Path) -> None:
    kokoro = Kokoro(folder)
    tokens = kokoro.tokens("aˈx b")
    assert tokens == [0, 1, 3, 2, 0]
    # Three phonemes: the style of that length, or the last there is.
    assert kokoro.style("bm_two", tokens)[0] == 3
    assert kokoro.style("bm_two", kokoro.tokens("a"))[0] == 2
    waveform, f0_hz = kokoro.say([1, 3], kokoro.style("af_one", [0, 1, 0]), pitch=2.0)
    assert waveform.tolist() == [201, 601] and f0_hz == 200


def test_a_folder_without_voices_is_refused(folder: Path) -> None:
    for path in (folder / VOICES).iterdir():
        path.unlink()
    with pytest.raises(FileNotFoundError, match="no voices"):
        Kokoro(folder)
