"""What a batch of speech is worth: reconstruction, parallel voices, and the critics' word."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from export.networks.compact import CompactConfig, CompactModel
from export.networks.excitation import CENTRE_HZ, LOWEST_HZ
from training.intonation import moved_pitch
from training.losses import SpectralLoss, divergence, magnitude, misheard, pitch_loss
from training.recipe import Recipe
from training.recordings import HOP_SAMPLES, MARGIN_SAMPLES, Batch

LOG_F0_CENTRE, LOG_F0_SCALE = 5.0, 0.3


@dataclass(frozen=True)
class Spoken:
    """What the networks made of a batch; conversions across its speakers stand after it.

    Attributes:
        tones: of the source references, then of the target references, [2 * batch, tone, 1].
        mean: the posterior's, [batch, channels, frames].
        log_scale: the posterior's, same shape.
        neutral: a posterior sample without its voice, same shape.
        spoken_tones: the tone that each waveform is spoken in, [batch + crossed, tone, 1].
        pitch: the pitch head's loss, a scalar.
        audio: [batch + crossed, samples].
    """

    tones: Tensor
    mean: Tensor
    log_scale: Tensor
    neutral: Tensor
    spoken_tones: Tensor
    pitch: Tensor
    audio: Tensor


class Objective:
    """Every term of the loss that does not need adversaries."""

    def __init__(
        self,
        recipe: Recipe,
        config: CompactConfig,
        model: CompactModel,
        heads: nn.ModuleDict,
        critic: nn.Module | None,
        listener: nn.Module | None,
    ) -> None:
        """Args:
        recipe: the run's choices.
        config: the networks' sizes.
        model: the networks.
        heads: `teacher` and `pitch`, which read off a tone what it is taught.
        critic: speaker encoder of waveforms, for recipes with a critic weight.
        listener: recogniser's features of waveforms, for recipes with a words weight.
        """
        self.recipe, self.model, self.heads = recipe, model, heads
        self.critic, self.listener = critic, listener
        self.spectral = SpectralLoss(config.input_bandwidth_hz)
        self.window = torch.hann_window(config.fft_samples)

    def terms(self, batch: Batch, criticised: bool) -> tuple[dict[str, Tensor], Tensor, Tensor]:
        """Args:
            batch: fresh crops.
            criticised: whether speech is converted across speakers and judged, too.

        Returns:
            The terms by name, then real and made waveforms for the adversaries; as many items of
            the made ones as the batch has say what the real ones say.
        """
        crossed = self.recipe.critic_items if criticised and self.critic is not None else 0
        spoken = self._speak(batch, crossed)
        real = batch.target[:, MARGIN_SAMPLES:-MARGIN_SAMPLES]
        terms = {
            "spectral": self.spectral(spoken.audio[: len(real)], real),
            "pitch": spoken.pitch,
            "divergence": divergence(spoken.neutral.float(), spoken.log_scale.float()),
            "tone": self._tone_loss(
                spoken.tones,
                torch.cat([batch.source_teacher, batch.target_teacher]),
                torch.cat([batch.source_log_f0, batch.target_log_f0]),
            ),
        }
        if crossed and self.critic is not None:
            terms["critic"] = self._critic_loss(self.critic, spoken, batch, crossed)
            terms["content"] = self._content_loss(spoken, crossed)
        if self.listener is not None:
            terms |= self._words_losses(self.listener, spoken.audio, real, crossed)
        return terms, real, spoken.audio

    def _speak(self, batch: Batch, crossed: int) -> Spoken:
        """Each source as its target, then the first of them as their neighbours."""
        converter = self.model.converter
        references = torch.cat([batch.source_reference, batch.target_reference])
        with torch.autocast("cpu", torch.bfloat16):
            tones = self.model.tone_encoder(self._magnitude(references))
            source_tone, target_tone = tones.chunk(2)
            mean, log_scale = converter.encode(self._magnitude(batch.source))
            latent = mean + torch.randn_like(mean) * torch.exp(log_scale)
            neutral = converter.flow(latent, source_tone)
            spoken_tones = torch.cat([target_tone, target_tone.roll(1, 0)[:crossed]])
            content = torch.cat([neutral, neutral[:crossed]])
            spoken = converter.flow(content, spoken_tones, reverse=True)
            filters = converter.dec.filters(spoken, spoken_tones)
        log_f0, voicing = converter.dec.pitch(spoken.float())
        true_log_f0 = torch.log(batch.contour_hz.clamp(min=LOWEST_HZ) / CENTRE_HZ)
        moved = moved_pitch(
            true_log_f0[:crossed],
            batch.target_log_f0[:crossed],
            batch.target_log_f0.roll(1, 0)[:crossed],
        )
        true_log_f0 = torch.cat([true_log_f0, moved])
        true_voiced = (batch.contour_hz > 0).float()
        true_voiced = torch.cat([true_voiced, true_voiced[:crossed]])
        with torch.no_grad():
            pulses, noise = converter.dec.excitation(spoken.float(), true_log_f0, true_voiced)
        audio = converter.dec.synthesise(filters.float(), pulses, noise).squeeze(1)
        pitch = pitch_loss(log_f0, voicing, true_log_f0, true_voiced)
        return Spoken(tones, mean, log_scale, neutral, spoken_tones, pitch, audio)

    def _magnitude(self, waveform: Tensor) -> Tensor:
        return magnitude(waveform, self.window, HOP_SAMPLES)

    def _tone_loss(self, tone: Tensor, teacher: Tensor, log_f0: Tensor) -> Tensor:
        tone = tone.squeeze(2).float()
        guess = functional.normalize(self.heads["teacher"](tone), dim=1)
        pitch = self.heads["pitch"](tone)
        wanted = (log_f0 - torch.tensor([LOG_F0_CENTRE, 0.0])) / LOG_F0_SCALE
        distance = 1 - (guess * teacher).sum(1).mean()
        return distance + 0.3 * functional.l1_loss(pitch, wanted)

    def _critic_loss(self, critic: nn.Module, spoken: Spoken, batch: Batch, crossed: int) -> Tensor:
        """Conversions have to come near the target, and nearer than to the source."""
        verdict = critic(spoken.audio[-crossed:])
        to_target = (verdict * batch.target_teacher.roll(1, 0)[:crossed]).sum(1)
        to_source = (verdict * batch.source_teacher[:crossed]).sum(1)
        nearer = functional.relu(to_source - to_target + self.recipe.critic_margin)
        loss: Tensor = (1 - to_target + nearer).mean()
        return loss

    def _content_loss(self, spoken: Spoken, crossed: int) -> Tensor:
        """Conversions, encoded again, have to be what they were made of."""
        converter, margins = self.model.converter, (MARGIN_SAMPLES, MARGIN_SAMPLES)
        with torch.autocast("cpu", torch.bfloat16):
            padded = functional.pad(spoken.audio[-crossed:], margins, mode="reflect")
            again, _ = converter.encode(self._magnitude(padded))
            heard = converter.flow(again, spoken.spoken_tones[-crossed:].detach())
            said = converter.flow(spoken.mean[:crossed], spoken.tones[:crossed]).detach()
        return functional.l1_loss(heard.float(), said.float())

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
        losses = {"words": misheard([h[:paired] for h in heard], [w[:paired] for w in wanted])}
        if crossed:
            # Only the last layer is deaf enough to whose voice it is.
            losses["converted_words"] = misheard([heard[-1][paired:]], [wanted[-1][:crossed]])
        return losses
