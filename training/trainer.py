"""The training loop: networks, adversaries, schedule, checkpoints."""

import json
import time
import zlib
from dataclasses import asdict
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from export.networks.compact import CompactConfig, CompactModel
from training.discriminator import Discriminators
from training.objective import Objective
from training.optimiser import Optimiser
from training.recipe import Recipe
from training.recordings import HOP_SAMPLES, Recordings


class Trainer:
    """Networks, adversaries, optimisers and averages of one run."""

    def __init__(
        self,
        recipe: Recipe,
        prepared: Path,
        run: Path,
        critic: nn.Module | None = None,
        listener: nn.Module | None = None,
    ) -> None:
        """Args:
        recipe: the run's choices.
        prepared: what `prepare` wrote.
        run: folder of checkpoint and log.
        critic: speaker encoder of waveforms, for recipes with a critic weight.
        listener: recogniser's features of waveforms, for recipes with a words weight.
        """
        torch.set_num_threads(recipe.threads)
        torch.manual_seed(recipe.seed)
        self.recipe, self.run = recipe, run
        self.config = CompactConfig()
        self.model = CompactModel(self.config)
        self.average = CompactModel(self.config)
        self.average.load_state_dict(self.model.state_dict())
        self.recordings = Recordings(prepared, recipe.seed)
        taught = self.recordings.teacher.shape[1]
        self.heads = nn.ModuleDict(
            {
                "teacher": nn.Linear(self.config.tone_dimension, taught),
                "pitch": nn.Linear(self.config.tone_dimension, 2),
            }
        )
        self.objective = Objective(recipe, self.config, self.model, self.heads, critic, listener)
        self.discriminators = Discriminators(self.config.input_bandwidth_hz)
        self.step = 0
        self.optimiser = Optimiser(self.model, self.heads, recipe.learning_rate)
        self.adversary_optimiser = torch.optim.AdamW(
            self.discriminators.parameters(), betas=(0.8, 0.98), fused=True
        )

    def state(self) -> dict[str, Any]:
        """Everything that a resumed run needs."""
        return {
            "step": self.step,
            "config": asdict(self.config),
            "recipe": asdict(self.recipe),
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "heads": self.heads.state_dict(),
            "discriminators": self.discriminators.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "adversary_optimiser": self.adversary_optimiser.state_dict(),
        }

    def load(self, checkpoint: Path, begin_again: bool) -> None:
        """Args:
        checkpoint: a file written by `save`.
        begin_again: True begins a new schedule at step 0 from its weights.
        """
        state = torch.load(checkpoint, weights_only=True)
        for name in ("model", "average", "heads", "discriminators"):
            getattr(self, name).load_state_dict(state[name])
        for name in ("optimiser", "adversary_optimiser"):
            getattr(self, name).load_state_dict(state[name])
        self.step = 0 if begin_again else int(state["step"])
        # Neither a run that goes on nor one that begins from another draws the same crops again.
        seeds = (self.recipe.seed, self.step, zlib.crc32(self.run.name.encode()))
        self.recordings.random = np.random.default_rng(seeds)

    def save(self) -> None:
        """Writes `checkpoint.pt` in the run's folder, whole or not at all."""
        self.run.mkdir(parents=True, exist_ok=True)
        partial = self.run / "checkpoint.partial"
        torch.save(self.state(), partial)
        partial.replace(self.run / "checkpoint.pt")

    def _learning_rate(self) -> float:
        recipe = self.recipe
        if self.step < recipe.warm_up_steps:
            return recipe.learning_rate * (self.step + 1) / recipe.warm_up_steps
        done = self.step / recipe.steps
        ratio = recipe.final_learning_rate / recipe.learning_rate
        return float(recipe.learning_rate * ratio**done)

    def _crop(self, *waveforms: Tensor) -> list[Tensor]:
        """The same random stretch of each waveform, for the adversaries."""
        span = min(self.recipe.adversarial_frames * HOP_SAMPLES, waveforms[0].shape[1])
        first = int(torch.randint(0, waveforms[0].shape[1] - span + 1, ()))
        return [waveform[:, first : first + span] for waveform in waveforms]

    def _update_adversaries(self, loss: Tensor) -> None:
        self.adversary_optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.discriminators.parameters(), 1.0)
        self.adversary_optimiser.step()

    def advance(self) -> dict[str, float]:
        """One step of the networks and, where they take part, of the adversaries.

        Returns:
            The terms by name.
        """
        recipe = self.recipe
        self.optimiser.set_learning_rate(self._learning_rate())
        for group in self.adversary_optimiser.param_groups:
            group["lr"] = recipe.adversary_learning_rate
        batch = self.recordings.batch(
            recipe.batch, recipe.frames, recipe.identity_share, recipe.noise_share
        )
        criticised = self.step % recipe.critics_every == 0
        terms, real, made = self.objective.terms(batch, criticised)
        if recipe.adversarial_weight and criticised:
            # Converted speech comes last and leaves as many of the paired items out.
            kept = len(made) - len(real)
            paired = max(len(real) // 2 - kept, 2)
            real, shown = (
                real[: paired + kept],
                torch.cat([made[:paired], made[len(batch.source) :]]),
            )
            real, shown = self._crop(real, shown)
            with torch.autocast("cpu", torch.bfloat16):
                verdict = self.discriminators.judge(real, shown)
            self._update_adversaries(verdict)
            self.discriminators.requires_grad_(False)
            with torch.autocast("cpu", torch.bfloat16):
                persuasion = self.discriminators.persuade(real, shown, paired)
            self.discriminators.requires_grad_(True)
            terms["adversarial"], terms["matching"] = persuasion
            terms["verdict"] = verdict.detach()
        weights = {
            "spectral": 1.0,
            "divergence": recipe.divergence_weight,
            "pitch": recipe.pitch_weight,
            "tone": recipe.tone_weight,
            "critic": recipe.critic_weight,
            "content": recipe.content_weight,
            "words": recipe.words_weight,
            "converted_words": recipe.converted_words_weight,
            "adversarial": recipe.adversarial_weight,
            "matching": recipe.matching_weight,
            "verdict": 0.0,
        }
        loss = sum((weights[name] * term for name, term in terms.items()), torch.zeros(()))
        self.optimiser.step(loss)
        self._take_average()
        self.step += 1
        return {name: float(term.detach()) for name, term in terms.items()}

    def _take_average(self) -> None:
        decay = min(self.recipe.average_decay, (self.step + 1) / (self.step + 10))
        with torch.no_grad():
            for kept, fresh in zip(self.average.parameters(), self.model.parameters(), strict=True):
                kept.lerp_(fresh, 1 - decay)

    def fit(self, every: int = 200) -> None:
        """Trains to the recipe's last step, logging and saving on the way.

        Args:
            every: steps from one checkpoint and line of `log.jsonl` to the next.
        """
        self.run.mkdir(parents=True, exist_ok=True)
        began, seen = time.monotonic(), dict[str, list[float]]()
        bar = tqdm(total=self.recipe.steps, initial=self.step, mininterval=5)
        while self.step < self.recipe.steps:
            terms = self.advance()
            bar.update()
            for name, value in terms.items():
                seen.setdefault(name, []).append(value)
            if self.step % every == 0 or self.step == self.recipe.steps:
                means = {name: round(fmean(values), 4) for name, values in seen.items()}
                seconds = round(time.monotonic() - began, 1)
                with (self.run / "log.jsonl").open("a") as log:
                    log.write(json.dumps({"step": self.step, "seconds": seconds, **means}) + "\n")
                bar.set_postfix(means)
                seen.clear()
                self.save()
