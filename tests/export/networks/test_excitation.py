import math

import pytest

pytest.importorskip("torch", reason="needs torch")
pytestmark = pytest.mark.torch

import torch

from export.networks.excitation import CENTRE_HZ, DOUBLINGS, PulseTrain, running_phase

HORIZON = (1 << DOUBLINGS) - 1
RATE_HZ, HOP, UPPER_HZ = 22050, 256, 8000.0


def test_phase_is_a_running_sum_from_the_last_unvoiced_frame() -> None:
    cycles = 0.1 + torch.rand(1, 1, 90, generator=torch.Generator().manual_seed(1))
    voiced = torch.ones_like(cycles)
    voiced[..., [0, 1, 30, 31]] = 0
    phase = running_phase(cycles, voiced)[0, 0]
    assert not phase[[0, 1, 30, 31]].any()
    for first, last in ((2, 30), (32, 90)):
        expected = cycles[0, 0, first:last].cumsum(0) % 1.0
        apart = (phase[first:last] - expected).abs()
        assert torch.minimum(apart, 1 - apart).max() < 1e-4


def test_phase_forgets_what_lies_beyond_the_horizon() -> None:
    cycles = torch.full((1, 1, 300), 0.3)
    moved = cycles.clone()
    moved[..., 20] += 0.4
    voiced = torch.ones_like(cycles)
    apart = (running_phase(cycles, voiced) - running_phase(moved, voiced))[0, 0].abs() > 1e-4
    assert not apart[:20].any()
    assert apart[20 : 20 + HORIZON].any()
    assert not apart[20 + HORIZON + 1 :].any()


def train_of(f0_hz: torch.Tensor, voiced: torch.Tensor | None = None) -> torch.Tensor:
    """Pulses [samples] of pitches [frames]; voiced throughout where nothing else is said."""
    log_f0 = torch.log(f0_hz / CENTRE_HZ)[None, None]
    told = torch.ones_like(log_f0) if voiced is None else voiced[None, None]
    pulses: torch.Tensor = PulseTrain(RATE_HZ, HOP, UPPER_HZ)(log_f0, told)
    return pulses[0, 0]


@pytest.mark.parametrize("f0_hz", [83.0, 141.0, 307.0])
def test_a_steady_pitch_gives_its_own_harmonics_up_to_the_bandwidth(f0_hz: float) -> None:
    # Within the horizon, from its first frame on, a pitch is steady.
    steady = train_of(torch.full((120,), f0_hz))[8 * HOP : 110 * HOP]
    spectrum = torch.fft.rfft(steady * torch.hann_window(len(steady))).abs()
    resolution_hz = RATE_HZ / len(steady)
    for harmonic in (1, 2, 10, int(UPPER_HZ / f0_hz)):
        around = round(harmonic * f0_hz / resolution_hz)
        reach = round(f0_hz / 3 / resolution_hz)
        peak = around - reach + int(spectrum[around - reach : around + reach + 1].argmax())
        assert peak * resolution_hz == pytest.approx(harmonic * f0_hz, abs=2 * resolution_hz)
        between = round((harmonic + 0.5) * f0_hz / resolution_hz)
        assert spectrum[between] < 0.02 * spectrum[peak]
    above = round((UPPER_HZ + f0_hz + 10) / resolution_hz)
    assert spectrum[above:].max() < 0.01 * spectrum[: above // 2].max()


@pytest.mark.parametrize("f0_hz", [70.0, 200.0, 450.0])
def test_pulses_have_the_power_of_unit_noise_below_the_bandwidth(f0_hz: float) -> None:
    power = float(train_of(torch.full((100,), f0_hz)).square().mean())
    assert power == pytest.approx(UPPER_HZ / (RATE_HZ / 2), rel=0.05)


def test_a_glide_is_the_sum_of_its_gliding_harmonics() -> None:
    frames = 60
    f0_hz = torch.linspace(120.0, 190.0, frames, dtype=torch.float64)
    pulses = train_of(f0_hz.float()).double()
    seconds = (torch.arange(frames * HOP, dtype=torch.float64) + 0.5) / RATE_HZ
    centres = (torch.arange(frames, dtype=torch.float64) + 0.5) * HOP / RATE_HZ
    slope = (f0_hz[-1] - f0_hz[0]) / (centres[-1] - centres[0])
    since = seconds - centres[0]
    # The first frame's own phase is the period up to it, with nothing before it.
    cycles = 0.5 * f0_hz[0] * HOP / RATE_HZ + f0_hz[0] * since + 0.5 * slope * since**2
    pitch_hz = f0_hz[0] + slope * since
    harmonics = torch.arange(1, 200, dtype=torch.float64)[:, None]
    shares = (UPPER_HZ / pitch_hz - harmonics + 1).clamp(0, 1)
    expected = (shares * torch.cos(2 * math.pi * harmonics * cycles)).sum(0)
    expected *= 2 * torch.sqrt(pitch_hz / RATE_HZ)
    inside = slice(HOP, -HOP)
    assert (pulses - expected)[inside].abs().max() < 2e-3 * expected.abs().max()


def test_unvoiced_frames_have_no_pulses() -> None:
    voiced = torch.ones(9)
    voiced[3:6] = 0
    pulses = train_of(torch.full((9,), 150.0), voiced)
    assert not pulses[3 * HOP : 6 * HOP].any()
    assert pulses[: 3 * HOP].any()
    assert pulses[6 * HOP :].any()
