"""Replacements for modules that PyTorch's exporter does not turn into single ONNX operators."""

import copy

import torch
from torch import Tensor, nn

GATES = 3


class OnnxGru(nn.Module):
    """A one-layer nn.GRU with an initial state of zeros, as one operator of the traced graph.

    The exporter alone unrolls a GRU over the example's frames.

    Args:
        gru: The GRU: one layer, one direction, batch first, with biases.
    """

    weight: Tensor
    recurrence: Tensor
    bias: Tensor

    def __init__(self, gru: nn.GRU) -> None:
        super().__init__()
        if gru.num_layers != 1 or gru.bidirectional or not gru.batch_first or not gru.bias:
            raise ValueError("only a one-layer, one-way, batch-first GRU with biases is exported")
        self.hidden_size = gru.hidden_size
        weight, recurrence, *biases = (_update_first(part) for part in gru.parameters())
        self.register_buffer("weight", weight[None])
        self.register_buffer("recurrence", recurrence[None])
        self.register_buffer("bias", torch.cat(biases)[None])

    def forward(self, sequence: Tensor) -> tuple[Tensor, Tensor]:
        """Trace the operator.

        Args:
            sequence: [batch, steps, features].

        Returns:
            Every state, [batch, steps, hidden], and the last one, [1, batch, hidden]; their values
            exist in the exported graph only.
        """
        batch, steps, _ = sequence.shape
        states, last = torch.onnx.ops.symbolic_multi_out(
            "GRU",
            (sequence.transpose(0, 1), self.weight, self.recurrence, self.bias),
            attrs={"hidden_size": self.hidden_size, "linear_before_reset": 1},
            dtypes=(sequence.dtype, sequence.dtype),
            shapes=((steps, 1, batch, self.hidden_size), (1, batch, self.hidden_size)),
        )
        return states.squeeze(1).transpose(0, 1), last


def _update_first(rows: Tensor) -> Tensor:
    """Reorder PyTorch's gates (reset, update, new) to ONNX's (update, reset, new)."""
    reset, update, new = rows.detach().chunk(GATES)
    return torch.cat([update, reset, new])


class OnnxFlatten(nn.Module):
    """An nn.Flatten of the axes from the third on, as one operator of the traced graph.

    The exporter alone computes the length of every kept axis from the input's shape.

    Args:
        flatten: The module, from axis 2 to the last.
    """

    shape: Tensor

    def __init__(self, flatten: nn.Flatten) -> None:
        super().__init__()
        if (flatten.start_dim, flatten.end_dim) != (2, -1):
            raise ValueError("only a Flatten of the axes from the third on is exported")
        self.register_buffer("shape", torch.tensor([0, 0, -1]))

    def forward(self, hidden: Tensor) -> Tensor:
        """Trace the operator.

        Args:
            hidden: [first, second, ...].

        Returns:
            [first, second, product of the others].
        """
        kept, flat = hidden.shape[:2], hidden.shape[2:].numel()
        return torch.onnx.ops.symbolic(
            "Reshape", (hidden, self.shape), dtype=hidden.dtype, shape=(*kept, flat)
        )


def with_onnx_operators(module: nn.Module) -> nn.Module:
    """Copy a module with every nn.GRU and nn.Flatten in it replaced by an ONNX operator.

    Args:
        module: Module to copy, left as it is.

    Returns:
        The copy, for tracing only.
    """
    replaced = copy.deepcopy(module)
    for name, part in module.named_modules():
        if isinstance(part, nn.GRU):
            replaced.set_submodule(name, OnnxGru(part))
        elif isinstance(part, nn.Flatten):
            replaced.set_submodule(name, OnnxFlatten(part))
    return replaced
