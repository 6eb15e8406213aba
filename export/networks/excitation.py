"""Pitch, and the pulses that follow from it: what a decoder filters into a voice.

A convolution over frames answers a steady vowel with a steady output, so it can only ever hum at
the frame rate. The phase of a pulse train is a running sum of pitch, from the last unvoiced frame
on or from the last one whose phase is known: so a clip that is converted in windows carries the
phase from one to the next, and no window needs to look back to where a vowel began.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from export.networks.stft import joined

DOUBLINGS = 12
"""One run sums up to 2^12 frames, 48 s: longer than a breath lasts, and than a window is."""
CENTRE_HZ = math.exp(5.0)
LOWEST_HZ, HIGHEST_HZ = 50.0, 600.0
PULSE_TOP = 1e-4
"""Nearer than this to a pulse, as a sine of half the phase, the sum of cosines is their number."""


def delayed(signal: Tensor, frames: int) -> Tensor:
    """The signal [..., frames] later, zeros before it."""
    return functional.pad(signal, (frames, 0))[..., : signal.shape[-1]]


def advanced(signal: Tensor, frames: int) -> Tensor:
    """The signal [..., frames] earlier, zeros after it."""
    return functional.pad(signal, (0, frames))[..., frames:]


def wrapped(cycles: Tensor) -> Tensor:
    """Cycles without the whole ones, from 0 to 1."""
    return cycles - torch.floor(cycles)


def running_phase(cycles: Tensor, voiced: Tensor, known: Tensor | None = None) -> Tensor:
    """The phase of the fundamental, counted from the last frame that is unvoiced or known.

    A prefix sum by doubling (Hillis & Steele 1986), gated: each round joins two stretches where
    everything between is voiced and to be found out.

    Args:
        cycles: Periods from the frame before to this one, not negative, [batch, 1, frames].
        voiced: 0 or 1, same shape.
        known: Phases that are known, in cycles from 0 to 1; negative where they are not; same
            shape. None knows none.

    Returns:
        Phase in cycles, from 0 to 1, same shape: the known one, or 0 where unvoiced.
    """
    # Whole periods are dropped at each step: a float32 of some hundreds is too coarse a phase. Of
    # numbers above 1 the rest is a multiple of 2^-23, and sums of those below 2 are exact: the
    # order in which windows add them up does not matter.
    total, unbroken = wrapped(1 + cycles) * voiced, voiced
    if known is not None:
        is_known = known >= 0
        total = torch.where(is_known, known, total)
        unbroken = torch.where(is_known, torch.zeros_like(voiced), voiced)
    for doubling in range(DOUBLINGS):
        total = wrapped(total + unbroken * delayed(total, 1 << doubling))
        unbroken = unbroken * delayed(unbroken, 1 << doubling)
    return total


class PulseTrain(nn.Module):
    """A band-limited pulse at each period of a pitch, sample by sample, as white as unit noise."""

    offsets: Tensor

    def __init__(self, sample_rate_hz: int, hop_samples: int, upper_hz: float) -> None:
        """Args:
        sample_rate_hz: sample rate.
        hop_samples: hop of the frames that pitch is given at.
        upper_hz: no harmonic lies above.
        """
        super().__init__()
        self.sample_rate_hz, self.upper_hz = sample_rate_hz, upper_hz
        self.frames_hz = sample_rate_hz / hop_samples
        offsets = (torch.arange(hop_samples) + 0.5) / hop_samples - 0.5
        self.register_buffer("offsets", offsets[None, :, None], persistent=False)

    def phase(self, log_f0: Tensor, voiced: Tensor, known: Tensor | None = None) -> Tensor:
        """Sum up the pitch.

        Args:
            log_f0: Natural logarithm of F0 over `CENTRE_HZ` at the frames' centres,
                [batch, 1, frames].
            voiced: 0 or 1, same shape.
            known: Phases that are known, as `running_phase` takes them.

        Returns:
            Phase at the frames' centres in cycles, from 0 to 1, same shape.
        """
        f0_hz = CENTRE_HZ * torch.exp(log_f0)
        return running_phase(0.5 * (f0_hz + delayed(f0_hz, 1)) / self.frames_hz, voiced, known)

    def forward(self, log_f0: Tensor, voiced: Tensor, phase: Tensor | None = None) -> Tensor:
        """Between frames pitch is interpolated, so that harmonics glide as a voice's do.

        The sum of N cosines is `(sin((N + 1/2) x) / sin(x / 2) - 1) / 2` (Dirichlet's kernel); a
        harmonic that is about to pass `upper_hz` fades. Amplitudes of `2 sqrt(F0 / sample rate)`
        give the power of white noise of variance 1 a hertz.

        Args:
            log_f0: natural logarithm of F0 over `CENTRE_HZ` at the frames' centres,
                [batch, 1, frames].
            voiced: 0 or 1, same shape.
            phase: Phase at the frames' centres, as `phase` gives it; None takes that of a clip of
                which none is known.

        Returns:
            [batch, 1, frames * hop]; 0 in unvoiced frames.
        """
        phase = self.phase(log_f0, voiced) if phase is None else phase
        f0_hz = CENTRE_HZ * torch.exp(log_f0)
        earlier_hz, earlier_voiced = delayed(f0_hz, 1), delayed(voiced, 1)
        # A frame's samples lie to both sides of its centre; beyond a voiced stretch pitch is held.
        since = (f0_hz - earlier_hz) * earlier_voiced
        until = (advanced(f0_hz, 1) - f0_hz) * advanced(voiced, 1)
        slope = torch.where(self.offsets >= 0, until, since)
        pitch_hz = f0_hz + slope * self.offsets
        moved = (f0_hz + 0.5 * slope * self.offsets) * self.offsets / self.frames_hz
        cycles = wrapped(phase + moved + 0.5) - 0.5
        room = self.upper_hz / pitch_hz
        harmonics = torch.floor(room)
        below = torch.sin(math.pi * cycles)
        top = below.abs() < PULSE_TOP
        above = torch.sin((2 * math.pi) * wrapped((harmonics + 0.5) * cycles))
        ratio = torch.where(top, 2 * harmonics + 1, above / torch.where(top, 1.0, below))
        fading = (room - harmonics) * torch.cos(2 * math.pi * wrapped((harmonics + 1) * cycles))
        amplitude = 2 * torch.sqrt(pitch_hz / self.sample_rate_hz) * voiced
        return joined(amplitude * (0.5 * (ratio - 1) + fading))
