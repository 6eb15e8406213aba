"""The loop that every stage of training runs in: schedule, averages, checkpoints, log."""

import json
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from tqdm import tqdm

from training import processes

BETAS = (0.9, 0.98)
FINAL_RATE = 0.03
"""Learning rate at the end of a schedule, as a share of the highest."""


@dataclass(frozen=True)
class Schedule:
    """How a stage is run.

    Attributes:
        steps: Steps in all.
        learning_rate: Highest rate; it rises over `warm_up_steps` and falls as half a cosine.
        warm_up_steps: Steps until the highest rate is reached.
        weight_decay: AdamW's.
        largest_gradient: Norm that gradients are scaled down to.
        average_decay: Share of the averaged weights that each step keeps.
        save_every: Steps from one checkpoint and line of the log to the next.
    """

    steps: int
    learning_rate: float
    warm_up_steps: int
    weight_decay: float = 0.01
    largest_gradient: float = 1.0
    average_decay: float = 0.998
    save_every: int = 50

    def rate(self, step: int) -> float:
        """Give the learning rate of a step."""
        cosine = 0.5 * (1 + math.cos(math.pi * step / self.steps))
        rising = min(1.0, (step + 1) / self.warm_up_steps)
        return self.learning_rate * rising * (FINAL_RATE + (1 - FINAL_RATE) * cosine)


class Stage(ABC):
    """Networks that are trained together, and what their loss is made of.

    Attributes:
        networks: What is trained, averaged and kept, by name.
        rates: Learning rate of each network as a share of the schedule's.
        weights: Weight of each term of the loss; terms without one are only logged.
    """

    networks: nn.ModuleDict
    rates: ClassVar[Mapping[str, float]]
    weights: ClassVar[Mapping[str, float]]

    @abstractmethod
    def terms(self) -> dict[str, Tensor]:
        """Draw a batch and compute the terms of its loss by name; not every batch has all."""


class Run:
    """One stage's way from step 0 to its last; of several processes, the first keeps it.

    Args:
        stage: What is trained.
        schedule: How.
        checkpoint: File that the run is kept in, and resumed from where it exists.
    """

    def __init__(self, stage: Stage, schedule: Schedule, checkpoint: Path) -> None:
        self.stage, self.schedule, self.checkpoint = stage, schedule, checkpoint
        groups: list[dict[str, Any]] = [
            {"params": list(network.parameters()), "share": stage.rates[name]}
            for name, network in stage.networks.items()
        ]
        self.parameters = [weight for group in groups for weight in group["params"]]
        self.optimiser = torch.optim.AdamW(
            groups, lr=schedule.learning_rate, betas=BETAS, weight_decay=schedule.weight_decay
        )
        self.keeps = processes.rank() == 0
        self.step = 0
        self.average = {name: w.clone() for name, w in stage.networks.state_dict().items()}
        if checkpoint.exists():
            state = torch.load(checkpoint, weights_only=True)
            stage.networks.load_state_dict(state["networks"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.average, self.step = state["average"], int(state["step"])

    def advance(self) -> dict[str, float]:
        """Take one step.

        Returns:
            The terms by name, and `dropped`: 1 where the gradient was not finite and nothing moved.
        """
        rate = self.schedule.rate(self.step)
        for group in self.optimiser.param_groups:
            group["lr"] = rate * group["share"]
        terms = self.stage.terms()
        weights = self.stage.weights
        loss = torch.stack([weights[name] * terms[name] for name in terms if name in weights]).sum()
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        processes.average_gradients(self.parameters)
        norm = torch.nn.utils.clip_grad_norm_(self.parameters, self.schedule.largest_gradient)
        # One crop without a finite gradient must not end a run.
        if torch.isfinite(norm):
            self.optimiser.step()
        decay = min(self.schedule.average_decay, (self.step + 1) / (self.step + 10))
        with torch.no_grad():
            for name, fresh in self.stage.networks.state_dict().items():
                self.average[name].lerp_(fresh, 1 - decay)
        self.step += 1
        values = {name: float(term.detach()) for name, term in terms.items()}
        return {**values, "dropped": float(not torch.isfinite(norm))}

    def save(self) -> None:
        """Write the checkpoint whole or not at all."""
        self.checkpoint.parent.mkdir(parents=True, exist_ok=True)
        partial = self.checkpoint.with_suffix(".partial")
        state: dict[str, Any] = {
            "networks": self.stage.networks.state_dict(),
            "average": self.average,
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
        }
        torch.save(state, partial)
        partial.replace(self.checkpoint)

    def fit(self) -> None:
        """Train to the last step, logging and saving on the way."""
        began, seen = time.monotonic(), dict[str, list[float]]()
        bar = tqdm(
            total=self.schedule.steps, initial=self.step, mininterval=5, disable=not self.keeps
        )
        while self.step < self.schedule.steps:
            for name, value in self.advance().items():
                seen.setdefault(name, []).append(value)
            bar.update()
            due = self.step % self.schedule.save_every == 0 or self.step == self.schedule.steps
            if due and self.keeps:
                means = {name: round(fmean(values), 4) for name, values in seen.items()}
                seconds = round(time.monotonic() - began, 1)
                self.save()
                with self.checkpoint.with_suffix(".jsonl").open("a") as log:
                    log.write(json.dumps({"step": self.step, "seconds": seconds, **means}) + "\n")
                bar.set_postfix(means)
                seen.clear()
