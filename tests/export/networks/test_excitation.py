import math

import pytest

pytest.importorskip("torch", reason="needs torch")
pytestmark = pytest.mark.torch

import torch

from export.networks.excitation import CENTRE_HZ, PulseTrain, running_phase

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


def test_the_phase_of_a_long_vowel_goes_on() -> None:
    # twenty seconds
    cycles = 0.5 + 3 * torch.rand(1, 1, 1720, generator=torch.Generator().manual_seed(1))
    phase = running_phase(cycles, torch.ones_like(cycles))[0, 0]
    apart = (phase - cycles[0, 0].double().cumsum(0)) % 1.0
    assert torch.minimum(apart, 1 - apart).max() < 1e-4


def test_a_known_phase_is_gone_on_from_to_the_bit() -> None:
    generator = torch.Generator().manual_seed(2)
    cycles = 0.1 + 3 * torch.rand(1, 1, 400, generator=generator)
    voiced = (torch.rand(1, 1, 400, generator=generator) > 0.03).float()
    whole = running_phase(cycles, voiced)
    for start, step in ((0, 7), (3, 50), (11, 1)):
        carried = whole[..., :start]
        for first in range(start, 400, step):
            # from ten known frames on, the frames before which a window does not see
            outer = max(0, first - 10)
            known = torch.full((1, 1, min(400, first + step) - outer), -1.0)
            known[..., : first - outer] = carried[..., outer:]
            window = slice(outer, first + step)
            found = running_phase(cycles[..., window], voiced[..., window], known)
            assert torch.equal(found[..., : first - outer], carried[..., outer:])
            carried = torch.cat([carried, found[..., first - outer :]], 2)
        assert torch.equal(carried, whole)


def test_known_phases_depend_on_no_pitch() -> None:
    cycles = torch.full((1, 1, 9), torch.nan)
    known = torch.rand(1, 1, 9, generator=torch.Generator().manual_seed(3))
    assert torch.equal(running_phase(cycles, torch.ones_like(cycles), known), known)


def train_of(f0_hz: torch.Tensor, voiced: torch.Tensor | None = None) -> torch.Tensor:
    """Pulses [samples] of pitches [frames]; voiced throughout where nothing else is said."""
    log_f0 = torch.log(f0_hz / CENTRE_HZ)[None, None]
    told = torch.ones_like(log_f0) if voiced is None else voiced[None, None]
    pulses: torch.Tensor = PulseTrain(RATE_HZ, HOP, UPPER_HZ)(log_f0, told)
    return pulses[0, 0]


@pytest.mark.parametrize("f0_hz", [83.0, 141.0, 307.0])
def test_a_steady_pitch_gives_its_own_harmonics_up_to_the_bandwidth(f0_hz: float) -> None:
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
