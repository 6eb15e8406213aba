import math

import pytest

pytest.importorskip("torch", reason="needs torch")
pytestmark = pytest.mark.torch

import torch

from export.networks.excitation import CENTRE_HZ, DOUBLINGS, HarmonicSeries, running_phase
from export.networks.spectral_decoder import InverseStft

HORIZON = (1 << DOUBLINGS) - 1


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


@pytest.mark.parametrize("f0_hz", [83.0, 141.0, 307.0])
def test_a_steady_pitch_gives_its_own_harmonics(f0_hz: float) -> None:
    frames, bins = 120, 372
    series = HarmonicSeries(22050, 1024, 256, bins)
    log_f0 = torch.full((1, 1, frames), math.log(f0_hz / CENTRE_HZ))
    lobe, phase = series(log_f0, torch.ones_like(log_f0))
    assert float(lobe.max()) == pytest.approx(0, abs=1e-3)
    synthesis = InverseStft(1024, 256, bins)
    audio = synthesis(torch.exp(lobe) * torch.cos(phase), torch.exp(lobe) * torch.sin(phase))
    # Within the horizon, from its first frame on, a pitch is steady.
    steady = audio[0, 0, 8 * 256 : 110 * 256]
    spectrum = torch.fft.rfft(steady * torch.hann_window(len(steady))).abs()
    resolution_hz = 22050 / len(steady)
    for harmonic in (1, 2, 5, 10):
        around = round(harmonic * f0_hz / resolution_hz)
        reach = round(f0_hz / 3 / resolution_hz)
        peak = around - reach + int(spectrum[around - reach : around + reach + 1].argmax())
        assert peak * resolution_hz == pytest.approx(harmonic * f0_hz, abs=2 * resolution_hz)
        between = round((harmonic + 0.5) * f0_hz / resolution_hz)
        assert spectrum[between] < 0.05 * spectrum[peak]


def test_unvoiced_frames_have_no_harmonics() -> None:
    series = HarmonicSeries(22050, 1024, 256, 372)
    log_f0 = torch.zeros(2, 1, 9)
    lobe, phase = series(log_f0, torch.zeros_like(log_f0))
    assert not lobe.any()
    assert not phase.any()
