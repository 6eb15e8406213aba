"""The training loop: reconstruction and parallel voices first, then critics."""

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from export.networks.compact import CompactConfig, CompactModel
from export.networks.excitation import CENTRE_HZ, LOWEST_HZ
from training.discriminator import Discriminators
from training.intonation import moved_pitch
from training.losses import SpectralLoss, divergence, magnitude, misheard, pitch_loss
from training.optimiser import Optimiser
from training.recordings import HOP_SAMPLES, MARGIN_SAMPLES, Batch, Recordings

LOG_F0_CENTRE, LOG_F0_SCALE = 5.0, 0.3


@dataclass(frozen=True)
class Recipe:
    """One run's choices; a run may begin from another run's checkpoint."""

    steps: int
    batch: int = 16
    frames: int = 112
    learning_rate: float = 1e-3
    final_learning_rate: float = 1e-3
    warm_up_steps: int = 200
    identity_share: float = 0.45
    divergence_weight: float = 0.02
    pitch_weight: float = 0.3
    tone_weight: float = 0.5
    adversarial_weight: float = 0.0
    matching_weight: float = 0.0
    adversarial_frames: int = 48
    critics_every: int = 1
    adversary_learning_rate: float = 8e-4
    critic_weight: float = 0.0
    critic_margin: float = 0.2
    noise_share: float = 0.0
    content_weight: float = 0.0
    critic_items: int = 6
    words_weight: float = 0.0
    converted_words_weight: float = 0.0
    words_items: int = 6
    average_decay: float = 0.998
    seed: int = 1
    threads: int = 2


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
        self.discriminators = Discriminators(self.config.input_bandwidth_hz)
        self.spectral = SpectralLoss(self.config.input_bandwidth_hz)
        self.critic, self.listener = critic, listener
        self.window = torch.hann_window(self.config.fft_samples)
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
        # A run that goes on draws what it has not drawn yet.
        self.recordings.random = np.random.default_rng((self.recipe.seed, self.step))

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

    def _tone_losses(self, tone: Tensor, teacher: Tensor, log_f0: Tensor) -> Tensor:
        tone = tone.squeeze(2).float()
        guess = functional.normalize(self.heads["teacher"](tone), dim=1)
        pitch = self.heads["pitch"](tone)
        wanted = (log_f0 - torch.tensor([LOG_F0_CENTRE, 0.0])) / LOG_F0_SCALE
        distance = 1 - (guess * teacher).sum(1).mean()
        return distance + 0.3 * functional.l1_loss(pitch, wanted)

    def _crop(self, *waveforms: Tensor) -> list[Tensor]:
        """The same random stretch of each waveform, for the adversaries."""
        span = min(self.recipe.adversarial_frames * HOP_SAMPLES, waveforms[0].shape[1])
        first = int(torch.randint(0, waveforms[0].shape[1] - span + 1, ()))
        return [waveform[:, first : first + span] for waveform in waveforms]

    def losses(self, batch: Batch, criticised: bool) -> tuple[dict[str, Tensor], Tensor, Tensor]:
        """Args:
            batch: fresh crops.
            criticised: whether speech is converted across speakers and judged, too.

        Returns:
            The terms by name, then real and made waveforms for the adversaries; as many items of
            the made ones as the batch has say what the real ones say.
        """
        recipe, converter = self.recipe, self.model.converter
        references = torch.cat([batch.source_reference, batch.target_reference])
        with torch.autocast("cpu", torch.bfloat16):
            spectrogram = magnitude(batch.source, self.window, HOP_SAMPLES)
            tones = self.model.tone_encoder(magnitude(references, self.window, HOP_SAMPLES))
            source_tone, target_tone = tones.chunk(2)
            mean, log_scale = converter.encode(spectrogram)
            latent = mean + torch.randn_like(mean) * torch.exp(log_scale)
            neutral = converter.flow(latent, source_tone)
            crossed = recipe.critic_items if criticised and self.critic is not None else 0
            neutral_all, tone_all = neutral, target_tone
            if crossed:
                others = target_tone.roll(1, 0)[:crossed]
                neutral_all = torch.cat([neutral, neutral[:crossed]])
                tone_all = torch.cat([target_tone, others])
            spoken = converter.flow(neutral_all, tone_all, reverse=True)
            filters = converter.dec.filters(spoken, tone_all)
        log_f0, voicing = converter.dec.pitch(spoken.float())
        true_voiced = (batch.contour_hz > 0).float()
        true_log_f0 = torch.log(batch.contour_hz.clamp(min=LOWEST_HZ) / CENTRE_HZ)
        if crossed:
            moved = moved_pitch(
                true_log_f0[:crossed],
                batch.target_log_f0[:crossed],
                batch.target_log_f0.roll(1, 0)[:crossed],
            )
            true_log_f0 = torch.cat([true_log_f0, moved])
            true_voiced = torch.cat([true_voiced, true_voiced[:crossed]])
        with torch.no_grad():
            pulses, noise = converter.dec.excitation(spoken.float(), true_log_f0, true_voiced)
        audio = converter.dec.synthesise(filters.float(), pulses, noise).squeeze(1)
        real = batch.target[:, MARGIN_SAMPLES:-MARGIN_SAMPLES]
        terms = {
            "spectral": self.spectral(audio[: len(real)], real),
            "pitch": pitch_loss(log_f0, voicing, true_log_f0, true_voiced),
            "divergence": divergence(neutral.float(), log_scale.float()),
            "tone": self._tone_losses(
                tones,
                torch.cat([batch.source_teacher, batch.target_teacher]),
                torch.cat([batch.source_log_f0, batch.target_log_f0]),
            ),
        }
        if crossed and self.critic is not None:
            converted = audio[len(real) :]
            wanted = batch.target_teacher.roll(1, 0)[:crossed]
            verdict = self.critic(converted)
            to_target = (verdict * wanted).sum(1)
            to_source = (verdict * batch.source_teacher[:crossed]).sum(1)
            nearer = functional.relu(to_source - to_target + recipe.critic_margin)
            terms["critic"] = (1 - to_target + nearer).mean()
            with torch.autocast("cpu", torch.bfloat16):
                padded = functional.pad(converted, (MARGIN_SAMPLES, MARGIN_SAMPLES), mode="reflect")
                again, _ = converter.encode(magnitude(padded, self.window, HOP_SAMPLES))
                heard = converter.flow(again, tone_all[len(real) :].detach())
                said = converter.flow(mean[:crossed], source_tone[:crossed]).detach()
            terms["content"] = functional.l1_loss(heard.float(), said.float())
        if self.listener is not None:
            terms |= self._words_losses(self.listener, audio, real, crossed)
        return terms, real, audio

    def _words_losses(
        self, listener: nn.Module, made: Tensor, real: Tensor, crossed: int
    ) -> dict[str, Tensor]:
        """Of what has a recording to match, and of conversions that have only its words."""
        paired = self.recipe.words_items
        with torch.autocast("cpu", torch.bfloat16):
            with torch.no_grad():
                wanted = [layer.float() for layer in listener(real[: max(paired, crossed)])]
            heard = listener(torch.cat([made[:paired], made[len(real) :]]))
        heard = [layer.float() for layer in heard]
        losses = {
            "words": misheard([h[:paired] for h in heard], [w[:paired] for w in wanted]),
        }
        if crossed:
            # Only the last layer is deaf enough to whose voice it is.
            losses["converted_words"] = misheard([heard[-1][paired:]], [wanted[-1][:crossed]])
        return losses

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
        terms, real, made = self.losses(batch, criticised)
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
