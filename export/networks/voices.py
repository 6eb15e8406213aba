"""A linear map from what is said and a few numbers to the spectral envelope of a voice."""

import torch
from torch import Tensor, nn

from export.networks.envelope import cosine_basis

ITERATIONS = 60
SMALLEST = 1e-30
"""Divisor where a system is solved already, so that no further step changes anything."""


def conjugate_gradients(matrix: Tensor, wanted: Tensor, iterations: int) -> Tensor:
    """Solve positive definite systems by a fixed number of steps (Hestenes & Stiefel 1952).

    Args:
        matrix: [batch, unknowns, unknowns].
        wanted: Right-hand sides, [batch, unknowns, 1].
        iterations: Number of steps.

    Returns:
        The solutions, [batch, unknowns, 1].
    """
    solution = torch.zeros_like(wanted)
    residual = direction = wanted
    energy = (residual * residual).sum(1, keepdim=True)
    for _ in range(iterations):
        product = torch.matmul(matrix, direction)
        step = energy / (direction * product).sum(1, keepdim=True).clamp(min=SMALLEST)
        solution = solution + step * direction
        residual = residual - step * product
        remaining = (residual * residual).sum(1, keepdim=True)
        direction = residual + remaining / energy.clamp(min=SMALLEST) * direction
        energy = remaining
    return solution


class VocalTract(nn.Module):
    """How the scale of frequency stretches from one voice to another, and an envelope with it.

    Formants lie higher in a shorter vocal tract, all of them by about the same factor. What no
    map of voices explains of an envelope is stretched instead, so that it stays a sound of speech.

    Args:
        dimension: Numbers of a voice.
        bands: Bands of the envelope, the first at 0 Hz.
        spacing: Step between bands on their scale, log(1 + f / f0).
    """

    centres: Tensor
    places: Tensor
    steps: Tensor
    LONGEST, UNIT = 0.25, 0.05

    def __init__(self, dimension: int, bands: int, spacing: float) -> None:
        super().__init__()
        self.direction = nn.Parameter(torch.zeros(1, dimension))
        self.spacing = spacing
        places = torch.arange(bands).float()
        self.register_buffer("places", places[None, None, :], persistent=False)
        self.register_buffer("steps", places[None, :, None], persistent=False)
        # Centres in units of f0.
        centres = torch.expm1(places * spacing)
        self.register_buffer("centres", centres[None, :, None], persistent=False)

    def stretch(self, away: Tensor) -> Tensor:
        """Give the logarithm of the factor of frequency that a change of voice comes with.

        Args:
            away: One voice less another, [batch, dimension, 1].

        Returns:
            Nepers between -`LONGEST` and `LONGEST`, [batch, 1, 1].
        """
        return self.LONGEST * torch.tanh(
            self.UNIT / self.LONGEST * torch.matmul(self.direction, away)
        )

    def forward(self, bands: Tensor, stretch: Tensor) -> Tensor:
        """Stretch envelopes over frequency.

        Args:
            bands: [batch, bands, frames].
            stretch: Logarithm of the factor, [batch, 1, 1]; above 0 moves everything up.

        Returns:
            [batch, bands, frames].
        """
        moved = torch.log1p(self.centres * torch.exp(-stretch)) - torch.log1p(self.centres)
        # Above the highest band nothing is known but that band.
        place = (self.steps + moved / self.spacing).clamp(max=self.places.shape[2] - 1)
        weights = (1 - (place - self.places).abs()).clamp(min=0)
        return torch.matmul(weights, bands)


class VoiceMap(nn.Module):
    """Eigenvoices of phonetic units (Kuhn et al. 2000): the envelope that a voice gives to each.

    An envelope is described by cosine coefficients of its bands, so that what is added to one is
    smooth over frequency. Each unit has a mean and a linear map from the voice to its
    coefficients; what is expected of a frame is the sum over units by their probabilities.

    Args:
        units: Number of phonetic units.
        coefficients: Cosine coefficients of an envelope.
        bands: Bands that are described.
        dimension: Numbers of a voice.
        spacing: Step between bands on their scale; see `VocalTract`.
    """

    cosines: Tensor

    def __init__(
        self, units: int, coefficients: int, bands: int, dimension: int, spacing: float
    ) -> None:
        super().__init__()
        self.register_buffer("cosines", cosine_basis(coefficients, bands), persistent=False)
        self.mean = nn.Parameter(torch.zeros(units, coefficients))
        self.basis = nn.Parameter(torch.randn(units, coefficients, dimension) * 0.02)
        self.tract = VocalTract(dimension, bands, spacing)

    def cepstra(self, bands: Tensor) -> Tensor:
        """Describe a log-envelope, [batch, bands, frames] to [batch, coefficients, frames]."""
        return torch.matmul(self.cosines, bands)

    def bands(self, cepstra: Tensor) -> Tensor:
        """Give the log-envelope of a description, the other way round."""
        return torch.matmul(self.cosines.T, cepstra)

    def expected(self, units: Tensor, voice: Tensor) -> Tensor:
        """Give the envelope that is expected of a voice, up to its loudness.

        Args:
            units: Probabilities of the units, [batch, frames, units].
            voice: [batch, dimension, 1].

        Returns:
            Cosine coefficients, [batch, coefficients, frames].
        """
        of_units = torch.matmul(self.basis.flatten(0, 1), voice)
        of_units = self.mean + torch.unflatten(of_units, 1, self.basis.shape[:2]).squeeze(3)
        return torch.matmul(units, of_units).transpose(1, 2)


class VoicePrior(nn.Module):
    """How precisely envelopes follow a voice, and the voice that explains a clip best.

    It has a closed form under a normal prior, as an i-vector does (Dehak et al. 2011), so that no
    network could be wrong about a voice that it has not met.

    Args:
        units: Number of phonetic units.
        coefficients: Cosine coefficients of an envelope.
    """

    def __init__(self, units: int, coefficients: int) -> None:
        super().__init__()
        self.log_precision = nn.Parameter(torch.zeros(units, coefficients))

    def forward(self, voices: VoiceMap, units: Tensor, bands: Tensor) -> Tensor:
        """Find the most probable voice of a clip, however loud the clip is.

        Args:
            voices: Map from a voice to the envelope.
            units: Probabilities of the units, [batch, frames, units].
            bands: Log-envelope, [batch, bands, frames].

        Returns:
            The voice, [batch, dimension, 1].
        """
        sums = torch.matmul(voices.cepstra(bands), units).transpose(1, 2)
        return self.solve(voices, units.sum(1), sums)

    def solve(self, voices: VoiceMap, counts: Tensor, sums: Tensor) -> Tensor:
        """Find the most probable voice of what was summed up.

        Args:
            voices: Map from a voice to the envelope.
            counts: Frames that fell to each unit, [batch, units].
            sums: Sum of their coefficients, [batch, units, coefficients].

        Returns:
            The voice, [batch, dimension, 1].
        """
        units, coefficients, dimension = voices.basis.shape
        # How loud a clip is moves the first coefficient alone, and is one more unknown.
        loudness = torch.zeros(units, coefficients, 1).to(voices.basis)
        loudness[:, 0] = 1.0
        maps = torch.cat([voices.basis, loudness], 2)
        weighted = maps * torch.exp(self.log_precision).unsqueeze(2)
        products = torch.matmul(weighted.transpose(1, 2), maps).flatten(1)
        gram = torch.matmul(counts, products)
        gram = torch.unflatten(gram, 1, (dimension + 1, dimension + 1))
        ridge = torch.eye(dimension + 1).to(gram)
        rest = sums - counts.unsqueeze(2) * voices.mean
        wanted = torch.matmul(rest.flatten(1), weighted.flatten(0, 1)).unsqueeze(2)
        return conjugate_gradients(gram + ridge, wanted, ITERATIONS)[:, :-1]


class VoiceChange(nn.Module):
    """How an envelope is moved from one voice to another.

    The difference of what explains the envelope in both voices is added, with a gain, since voices
    that are estimated under a prior are too near to the mean. What the source's voice does not
    explain of the envelope is stretched as the other vocal tract would, and fades, since it still
    tells who spoke: not at all where the voices are equal, and more, the further apart they are.

    Args:
        coefficients: Cosine coefficients of an envelope.
    """

    FIRST_GAIN, FIRST_FADE, NEAR = 1.6, -0.2, 0.1

    def __init__(self, coefficients: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.full((coefficients, 1), self.FIRST_GAIN))
        # The first coefficient is loudness, which no voice explains.
        self.fade = nn.Parameter(torch.full((coefficients - 1, 1), self.FIRST_FADE))

    def forward(
        self,
        voices: VoiceMap,
        bands: Tensor,
        away: Tensor,
        explained: tuple[Tensor, Tensor],
    ) -> Tensor:
        """Give what is added to an envelope.

        Args:
            voices: Map from a voice to the envelope.
            bands: Log-envelope, [batch, bands, frames].
            away: The voice that should speak less the one that does, [batch, dimension, 1].
            explained: The envelope as far as it is explained, of the voice that speaks and of the
                one that should, cosine coefficients, each [batch, coefficients, frames].

        Returns:
            Log-gain, [batch, bands, frames].
        """
        in_source, in_target = explained
        distance = away.square().mean(1, keepdim=True)
        faded = torch.sigmoid(self.fade) * distance / (distance + self.NEAR)
        unexplained = bands - voices.bands(in_source)
        moved = voices.tract(unexplained, voices.tract.stretch(away))
        rest = faded * voices.cepstra(moved)[:, 1:]
        added = self.gain * (in_target - in_source)
        in_voice = voices.bands(torch.cat([added[:, :1], added[:, 1:] - rest], 1))
        added_to_bands: Tensor = in_voice + (moved - unexplained)
        return added_to_bands
