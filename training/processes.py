"""Processes that train one stage together: their number, this one's rank, and their gradients."""

from collections.abc import Sequence

import torch
from torch import distributed, nn


def count() -> int:
    """Return how many processes train together."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def rank() -> int:
    """Return this process's number, from 0."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def wait_for_all() -> None:
    """Wait until every process has come here."""
    if distributed.is_initialized():
        distributed.barrier()


def average_gradients(weights: Sequence[nn.Parameter]) -> None:
    """Average the gradients of all processes, where there are several."""
    if not distributed.is_initialized():
        return
    gradients = [torch.zeros_like(w) if w.grad is None else w.grad for w in weights]
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    distributed.all_reduce(flat)
    flat /= distributed.get_world_size()
    means = torch.split(flat, [weight.numel() for weight in weights])
    for weight, mean in zip(weights, means, strict=True):
        weight.grad = mean.view_as(weight).clone()
