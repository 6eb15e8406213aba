"""The compact model: a voice's envelope and pitch are moved by the difference of two tones."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from export.networks.coarticulation import Coarticulation, prosody_of
from export.networks.content import ContentEncoder
from export.networks.envelope import Envelope, band_centres_hz, band_spacing
from export.networks.excitation import CENTRE_HZ, HIGHEST_HZ, LOWEST_HZ, PulseTrain
from export.networks.filters import mel_filters
from export.networks.pitch import PitchTracker
from export.networks.renderer import LatentNoise, Renderer
from export.networks.voices import VoiceChange, VoiceMap, VoicePrior

PITCH_SCALE = 0.25
"""Nepers of F0 that one unit of a tone's pitch stands for."""
SMALLEST_SPREAD, USUAL_SPREAD = 0.02, 0.12
"""Nepers that are added to a spread, and that a tone's spread is told as the ratio to."""
SPREAD_RATIOS = (0.7, 1.4)
"""How much flatter or livelier than the source's a conversion's intonation may become."""


@dataclass(frozen=True)
class CompactConfig:
    """Sizes of the compact model; the defaults are the shipped one's.

    Attributes:
        heard_hz: Frequency up to which content and voice are heard: recordings at 16 kHz end there.
        bands: Bands of the envelope, from 0 Hz to half the sample rate.
    """

    sample_rate_hz: int = 22050
    fft_samples: int = 1024
    hop_samples: int = 256
    tone_dimension: int = 256
    latent_channels: int = 80
    heard_hz: int = 7300
    mel_bands: int = 80
    units: int = 96
    content_channels: int = 192
    content_blocks: int = 7
    content_ahead: int = 5
    content_expansion: int = 2
    pitch_channels: int = 128
    pitch_blocks: int = 4
    breath_channels: int = 8
    bands: int = 80
    coefficients: int = 28
    coarticulation_channels: int = 192
    coarticulation_blocks: int = 2
    coarticulation_ahead: int = 2
    renderer_channels: int = 192
    renderer_blocks: int = 4
    filter_fft_samples: int = 512

    @property
    def voice_dimension(self) -> int:
        """Numbers of a tone that describe the envelope; the other two describe the pitch."""
        return self.tone_dimension - 2

    @property
    def heard_bands(self) -> int:
        """Bands of the envelope up to `heard_hz`."""
        centres = band_centres_hz(self.bands, self.sample_rate_hz / 2)
        return int((centres <= self.heard_hz).sum())


class Analysis(nn.Module):
    """Speech taken apart: pitch, envelope and phonetic units of every frame.

    Args:
        config: Sizes.
    """

    def __init__(self, config: CompactConfig) -> None:
        super().__init__()
        self.heard_bands = config.heard_bands
        filters = mel_filters(
            config.sample_rate_hz, config.fft_samples, config.mel_bands, config.heard_hz
        )
        self.content = ContentEncoder(
            filters,
            config.content_channels,
            config.content_blocks,
            config.content_ahead,
            config.content_expansion,
            config.units,
        )
        self.pitch = PitchTracker(
            config.fft_samples,
            config.sample_rate_hz,
            config.pitch_channels,
            config.pitch_blocks,
        )
        self.envelope = Envelope(config.bands, config.fft_samples, config.sample_rate_hz)
        self.voices = VoiceMap(
            config.units,
            config.coefficients,
            config.heard_bands,
            config.voice_dimension,
            band_spacing(config.bands, config.sample_rate_hz / 2),
        )

    def source(self, spectrogram: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Take the excitation and the envelope.

        Args:
            spectrogram: Linear magnitude, [batch, bins, frames].

        Returns:
            Natural logarithm of F0 over `CENTRE_HZ`, voicing, each [batch, 1, frames], the features
            that both are read off, [batch, frames, channels], and the log-envelope,
            [batch, bands, frames].
        """
        log_f0, voiced, features = self.pitch(spectrogram)
        envelope = self.envelope(spectrogram, log_f0 + math.log(CENTRE_HZ), voiced)
        return log_f0, voiced, features, envelope


class ToneEncoder(nn.Module):
    """The voice that explains a clip best, and the level and spread of its pitch.

    Args:
        analysis: Networks that take speech apart.
        config: Sizes.
    """

    def __init__(self, analysis: Analysis, config: CompactConfig) -> None:
        super().__init__()
        self.analysis = analysis
        self.prior = VoicePrior(config.units, config.coefficients)

    def forward(self, spectrogram: Tensor) -> Tensor:
        """Describe a voice.

        Args:
            spectrogram: Linear magnitude, [batch, bins, frames].

        Returns:
            Tone embedding, [batch, tone_dimension, 1].
        """
        log_f0, voiced, _, envelope = self.analysis.source(spectrogram)
        units = self.analysis.content(spectrogram)
        heard = envelope[:, : self.analysis.heard_bands]
        voice = self.prior(self.analysis.voices, units, heard)
        return torch.cat([voice, self.pitch(log_f0, voiced)], 1)

    @staticmethod
    def pitch(log_f0: Tensor, voiced: Tensor) -> Tensor:
        """Describe how high and how lively a voice speaks.

        Args:
            log_f0: Natural logarithm of F0 over `CENTRE_HZ`, [batch, 1, frames].
            voiced: 0 or 1, same shape.

        Returns:
            Mean log-F0 in units of `PITCH_SCALE`, and the logarithm of its mean absolute
            deviation over `USUAL_SPREAD`, [batch, 2, 1].
        """
        count = voiced.sum(2, keepdim=True) + 1e-3
        level = (log_f0 * voiced).sum(2, keepdim=True) / count
        spread = ((log_f0 - level).abs() * voiced).sum(2, keepdim=True) / count
        return torch.cat(
            [level / PITCH_SCALE, torch.log((spread + SMALLEST_SPREAD) / USUAL_SPREAD)], 1
        )


class CompactConverter(nn.Module):
    """The source's own envelope and pitch, moved by the difference of two tones.

    Nothing is moved where the tones are equal, whatever was learnt.

    Args:
        analysis: Networks that take speech apart.
        config: Sizes.
    """

    def __init__(self, analysis: Analysis, config: CompactConfig) -> None:
        super().__init__()
        self.analysis = analysis
        self.held_bands = config.bands - config.heard_bands
        self.coarticulation = Coarticulation(
            config.units,
            config.coefficients,
            config.coarticulation_channels,
            config.coarticulation_blocks,
            config.coarticulation_ahead,
        )
        self.change = VoiceChange(config.coefficients)
        self.breath = nn.Linear(config.pitch_channels, config.breath_channels)
        self.renderer = Renderer(
            config.bands,
            config.breath_channels,
            config.renderer_channels,
            config.renderer_blocks,
            config.sample_rate_hz,
            config.hop_samples,
            config.filter_fft_samples,
            config.heard_hz,
        )
        self.noise = LatentNoise(config.latent_channels, config.hop_samples)
        self.pulses = PulseTrain(
            config.sample_rate_hz, config.hop_samples, config.sample_rate_hz / 2
        )

    def breathiness(self, features: Tensor) -> Tensor:
        """Read how breathy each frame is off the pitch tracker's features.

        Args:
            features: [batch, frames, channels].

        Returns:
            From -1 to 1, [batch, breath_channels, frames].
        """
        return torch.tanh(self.breath(features)).transpose(1, 2)

    def prosody(self, heard: Tensor, log_f0: Tensor, voiced: Tensor, level: Tensor) -> Tensor:
        """Describe how frames are spoken, whoever speaks.

        Args:
            heard: Log-envelope as far as it is heard, [batch, bands, frames].
            log_f0: Natural logarithm of F0 over `CENTRE_HZ`, [batch, 1, frames].
            voiced: 0 or 1, same shape.
            level: Level of the pitch in the speaker's tone, [batch, 1, 1].

        Returns:
            See `prosody_of`, [batch, channels, frames].
        """
        usual, loudness = level * PITCH_SCALE, self.analysis.voices.cepstra(heard)[:, :1]
        return prosody_of(log_f0, voiced, usual, loudness)

    def explained(self, units: Tensor, voice: Tensor, prosody: Tensor) -> Tensor:
        """Tell the envelope of a voice as far as it follows from what is said, and how.

        Args:
            units: Probabilities of the phonetic units, [batch, frames, units].
            voice: [batch, voice_dimension, 1].
            prosody: See `prosody_of`, [batch, channels, frames].

        Returns:
            Cosine coefficients, [batch, coefficients, frames].
        """
        expected = self.analysis.voices.expected(units, voice)
        explained: Tensor = expected + self.coarticulation(units, expected, prosody)
        return explained

    def moved_envelope(
        self,
        envelope: Tensor,
        units: Tensor,
        log_f0: Tensor,
        voiced: Tensor,
        source_tone: Tensor,
        target_tone: Tensor,
    ) -> Tensor:
        """Change the voice of an envelope.

        Args:
            envelope: Log-envelope, [batch, bands, frames].
            units: Probabilities of the phonetic units, [batch, frames, units].
            log_f0: Natural logarithm of F0 over `CENTRE_HZ`, [batch, 1, frames].
            voiced: 0 or 1, same shape.
            source_tone: [batch, tone_dimension, 1].
            target_tone: Same shape.

        Returns:
            Log-envelope, [batch, bands, frames].
        """
        heard = envelope[:, : self.analysis.heard_bands]
        prosody = self.prosody(heard, log_f0, voiced, source_tone[:, -2:-1])
        source, target = source_tone[:, :-2], target_tone[:, :-2]
        explained = self.explained(units, source, prosody), self.explained(units, target, prosody)
        added = self.change(self.analysis.voices, heard, target - source, explained)
        # Nobody knows the voice above what was heard; the highest band's change goes on.
        held = added[:, -1:].expand(-1, self.held_bands, -1)
        return envelope + torch.cat([added, held], 1)

    def forward(
        self,
        spectrogram: Tensor,
        source_tone: Tensor,
        target_tone: Tensor,
        noise: Tensor,
        known_phase: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Convert speech.

        Args:
            spectrogram: Linear magnitude, [batch, bins, frames].
            source_tone: [batch, tone_dimension, 1].
            target_tone: [batch, tone_dimension, 1].
            noise: Normal draw times the temperature, [batch, latent_channels, frames]; moves the
                noise that unvoiced sounds are made of.
            known_phase: Phases of the pulse train that are known from an earlier run, in cycles
                from 0 to 1; negative where they are not; [batch, 1, frames]. None knows none.

        Returns:
            Waveform, [batch, 1, frames * hop], and the phase at every frame, [batch, 1, frames].
        """
        log_f0, voiced, features, envelope = self.analysis.source(spectrogram)
        units = self.analysis.content(spectrogram)
        moved = self.moved_envelope(envelope, units, log_f0, voiced, source_tone, target_tone)
        moved_f0 = moved_pitch(log_f0, source_tone[:, -2:], target_tone[:, -2:])
        filters = self.renderer.filters(moved, self.breathiness(features), moved_f0, voiced)
        phase = self.pulses.phase(moved_f0, voiced, known_phase)
        pulses = self.pulses(moved_f0, voiced, phase)
        waveform: Tensor = self.renderer.synthesise(filters, pulses, self.noise(envelope + noise))
        return waveform, phase


def moved_pitch(log_f0: Tensor, source: Tensor, target: Tensor) -> Tensor:
    """Move a contour to another voice's level and, within bounds, spread.

    Args:
        log_f0: Natural logarithm of F0 over `CENTRE_HZ`, [batch, 1, frames].
        source: Pitch of the source's tone, level and spread, [batch, 2, 1].
        target: Pitch of the target's.

    Returns:
        The moved contour, [batch, 1, frames].
    """
    ratio = torch.exp(target[:, 1:] - source[:, 1:]).clamp(*SPREAD_RATIOS)
    about = source[:, :1] * PITCH_SCALE
    moved = (log_f0 - about) * ratio + target[:, :1] * PITCH_SCALE
    return moved.clamp(math.log(LOWEST_HZ / CENTRE_HZ), math.log(HIGHEST_HZ / CENTRE_HZ))


class CompactModel(nn.Module):
    """Both networks of the compact model, which share what takes speech apart.

    Args:
        config: Sizes.
    """

    def __init__(self, config: CompactConfig) -> None:
        super().__init__()
        analysis = Analysis(config)
        self.tone_encoder = ToneEncoder(analysis, config)
        self.converter = CompactConverter(analysis, config)
