"""What moves the weights: matrices by Muon, everything else by AdamW."""

from typing import Any

import torch
from torch import nn

LEAST_SIDE = 64
"""A smaller matrix has too few directions for Muon to be worth its step."""
MOMENTUM = 0.9


def is_matrix(name: str, weight: nn.Parameter) -> bool:
    """Whether Muon moves a weight.

    Layers that take the tone see one vector an item: a step's gradient has too few directions.

    Args:
        name: as in the module's `named_parameters`.
        weight: a kernel counts as a matrix of output channels by everything else.
    """
    if weight.ndim < 2 or "cond" in name:
        return False
    return min(weight.flatten(1).shape) >= LEAST_SIDE


class Optimiser:
    """Muon (Jordan et al. 2024) and AdamW as one; a learning rate serves both.

    Muon's step is scaled to the root mean square of AdamW's (Liu et al. 2025).
    """

    def __init__(self, model: nn.Module, others: nn.Module, learning_rate: float) -> None:
        """Args:
        model: networks whose matrices are Muon's.
        others: modules that are AdamW's altogether.
        learning_rate: to begin with.
        """
        named = dict(model.named_parameters())
        self.matrices = [p for name, p in named.items() if is_matrix(name, p)]
        taken = {id(p) for p in self.matrices}
        self.rest = [p for p in named.values() if id(p) not in taken] + list(others.parameters())
        # Muon takes matrices alone: it is given views, which share their weights' memory.
        self.views = [nn.Parameter(p.data.flatten(1)) for p in self.matrices]
        self.muon = torch.optim.Muon(
            self.views,
            learning_rate,
            weight_decay=0.01,
            momentum=MOMENTUM,
            adjust_lr_fn="match_rms_adamw",
        )
        self.adamw = torch.optim.AdamW(
            self.rest, learning_rate, betas=(0.85, 0.98), weight_decay=0.01, fused=True
        )

    def set_learning_rate(self, learning_rate: float) -> None:
        """Of the steps to come."""
        for group in (*self.muon.param_groups, *self.adamw.param_groups):
            group["lr"] = learning_rate

    def step(self, loss: torch.Tensor) -> None:
        """Moves every weight against the gradient of a loss.

        Args:
            loss: a scalar.
        """
        for parameter in (*self.matrices, *self.rest):
            parameter.grad = None
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.rest, 1.0)
        self.adamw.step()
        for view, weight in zip(self.views, self.matrices, strict=True):
            view.grad = None if weight.grad is None else weight.grad.flatten(1)
        self.muon.step()  # type: ignore[no-untyped-call]

    def state_dict(self) -> dict[str, Any]:
        """What a resumed run needs."""
        return {"muon": self.muon.state_dict(), "adamw": self.adamw.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Args:
        state: what `state_dict` gave.
        """
        self.muon.load_state_dict(state["muon"])
        self.adamw.load_state_dict(state["adamw"])
