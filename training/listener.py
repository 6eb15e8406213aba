"""A speech recogniser's encoder, differentiable from a 22050 Hz waveform."""

from importlib.metadata import distribution
from pathlib import Path

import numpy as np
import torch
from onnxruntime.tools.ort_format_model.ort_model_processor import fbs
from torch import Tensor, nn
from torch.nn import functional

from training.resampling import Resampler

WIDTH, HEADS, LAYERS, FEED_FORWARD = 288, 8, 6, 1152
ROTATED = 32
"""Channels of a head's 36 that its position turns: 0.9 of them, rounded to an even half."""
ROTARY_BASE = 10000.0
FRAME_SECONDS, FIRST_CENTRE_SECONDS = 0.024, 447 / 16000
"""Step from one feature to the next, and the centre of the first one's receptive field."""
LEVEL = 0.08
"""Root mean square of full scale that speech is brought to."""


def shipped_weights(path: Path) -> dict[str, Tensor]:
    """Read the encoder's weights by our own names, 8-bit matrices as floats.

    Args:
        path: Encoder in ONNX Runtime's own format, as moonshine-voice ships it.

    Returns:
        State for `Listener.load_state_dict`.
    """
    session = fbs.InferenceSession.InferenceSession.GetRootAsInferenceSession(path.read_bytes(), 0)
    graph = session.Model().Graph()
    kinds = {
        fbs.TensorDataType.TensorDataType.FLOAT: np.float32,
        fbs.TensorDataType.TensorDataType.UINT8: np.uint8,
        fbs.TensorDataType.TensorDataType.INT8: np.int8,
    }
    arrays = {}
    for tensor in map(graph.Initializers, range(graph.InitializersLength())):
        if tensor.DataType() in kinds and tensor.RawDataLength():
            shape = [tensor.Dims(axis) for axis in range(tensor.DimsLength())]
            raw = tensor.RawDataAsNumpy().view(kinds[tensor.DataType()])
            arrays[tensor.Name().decode()] = raw.reshape(shape)
    weights = {f"conv{n}.weight": arrays[f"conv{n}.weight_add_tensor"] for n in (1, 2, 3)}
    # The only columns shift and scale the first convolution's channels; named for what they enter,
    # onnx::Add_... sorts before onnx::Mul_....
    columns = sorted(name for name, array in arrays.items() if array.shape == (WIDTH, 1))
    weights["norm.bias"], weights["norm.weight"] = (arrays[name][:, 0] for name in columns)
    by_name = (".bias", "layernorm.weight", "layer_norm.weight")
    weights |= {name: array for name, array in arrays.items() if name.endswith(by_name)}
    for node in map(graph.Nodes, range(graph.NodesLength())):
        inputs = [node.Inputs(index).decode() for index in range(node.InputsLength())]
        matrix = next((name for name in inputs if name in arrays and "_quantized" in name), None)
        if matrix:
            stem = matrix.removesuffix("_quantized")
            centred = arrays[matrix].astype(np.float32) - arrays[f"{stem}_zero_point"]
            name = node.Name().decode()[1:].rsplit("/", 1)[0].replace("/", ".")
            weights[f"{name}.weight"] = (centred * arrays[f"{stem}_scale"]).T
    return {name: torch.from_numpy(np.array(array)) for name, array in weights.items()}


def _turned(heads: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Rotary position embedding (Su et al. 2021) of neighbouring channels."""
    moved, kept = heads[..., :ROTATED], heads[..., ROTATED:]
    across = torch.stack([-moved[..., 1::2], moved[..., 0::2]], -1).flatten(-2)
    return torch.cat([moved * cosine + across * sine, kept], -1)


class Layer(nn.Module):
    """Self-attention over the whole utterance and a feed-forward network, each behind its norm."""

    def __init__(self) -> None:
        super().__init__()
        self.input_layernorm = nn.LayerNorm(WIDTH, bias=False)
        self.post_attention_layernorm = nn.LayerNorm(WIDTH, bias=False)
        projections = ("q_proj", "k_proj", "v_proj", "o_proj")
        self.self_attn = nn.ModuleDict(
            {name: nn.Linear(WIDTH, WIDTH, bias=False) for name in projections}
        )
        self.mlp = nn.ModuleDict(
            {"fc1": nn.Linear(WIDTH, FEED_FORWARD), "fc2": nn.Linear(FEED_FORWARD, WIDTH)}
        )

    def forward(self, hidden: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
        """Let every frame attend to the whole utterance.

        Args:
            hidden: [batch, frames, 288].
            cosine: Cosines of each position's angles, [frames, 32].
            sine: Sines of them.

        Returns:
            [batch, frames, 288].
        """
        normed = self.input_layernorm(hidden)
        query, key, value = (
            self.self_attn[name](normed).unflatten(2, (HEADS, -1)).transpose(1, 2)
            for name in ("q_proj", "k_proj", "v_proj")
        )
        heard = functional.scaled_dot_product_attention(
            _turned(query, cosine, sine), _turned(key, cosine, sine), value
        )
        hidden = hidden + self.self_attn["o_proj"](heard.transpose(1, 2).flatten(2))
        inner = functional.gelu(self.mlp["fc1"](self.post_attention_layernorm(hidden)))
        moved: Tensor = hidden + self.mlp["fc2"](inner)
        return moved


class Listener(nn.Module):
    """The encoder of Moonshine tiny (Jeffries et al. 2024).

    The weights are those that moonshine-voice ships, and stay frozen.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(1, WIDTH, 127, stride=64, bias=False)
        self.norm = nn.GroupNorm(1, WIDTH)
        self.conv2 = nn.Conv1d(WIDTH, 2 * WIDTH, 7, stride=3)
        self.conv3 = nn.Conv1d(2 * WIDTH, WIDTH, 3, stride=2)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.layer_norm = nn.LayerNorm(WIDTH, bias=False)
        shipped = distribution("moonshine-voice")
        path = "moonshine_voice/assets/tiny-en/encoder_model.ort"
        self.load_state_dict(shipped_weights(Path(str(shipped.locate_file(path)))))
        self.requires_grad_(False)
        self.resampler = Resampler()

    def forward(self, waveform: Tensor) -> list[Tensor]:
        """Compute what the recogniser makes of speech.

        Args:
            waveform: [batch, samples] at 22050 Hz, 0.1 s or more.

        Returns:
            Normalised features [batch, frames, 288], some 42 a second: of the convolutions, of
            each layer but the last, and last the encoder's output.
        """
        level = waveform.pow(2).mean(1, keepdim=True).add(1e-8).sqrt()
        hidden = torch.tanh(self.conv1(self.resampler(waveform * (LEVEL / level))[:, None]))
        hidden = functional.gelu(self.conv2(self.norm(hidden)))
        hidden = functional.gelu(self.conv3(hidden)).transpose(1, 2)
        pace = ROTARY_BASE ** -(torch.arange(0, ROTATED, 2) / ROTATED)
        angles = (torch.arange(hidden.shape[1])[:, None] * pace).repeat_interleave(2, 1)
        cosine, sine = torch.cos(angles), torch.sin(angles)
        features = [functional.layer_norm(hidden, (WIDTH,))]
        for layer in self.layers[:-1]:
            hidden = layer(hidden, cosine, sine)
            features.append(functional.layer_norm(hidden, (WIDTH,)))
        features.append(self.layer_norm(self.layers[-1](hidden, cosine, sine)))
        return features
