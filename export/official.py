"""What is known of the official converters besides their networks."""

from export.bundle import BundleFacts
from export.config import ConverterConfig

LICENCE = "The checkpoint's own; the official OpenVoice V1 and V2 checkpoints are MIT-licensed"
# The contract's own points: with official weights similarity is taken to rise with the tone's
# weight.
TAU_CURVE = ((0.0, 0.0), (0.2, 0.2), (0.3, 0.4), (0.5, 0.7), (0.6, 0.85), (1.0, 1.0))
# Context then adds a fifth to the work, and ten seconds are one window.
WINDOW_FRAMES = 1024


def official_facts(
    config: ConverterConfig, *, name: str, provenance: str, checkpoint_sha256: str | None
) -> BundleFacts:
    """Put together what a bundle's manifest says of an official converter.

    Args:
        config: The converter's sizes.
        name: Of the bundle.
        provenance: Where the weights come from.
        checkpoint_sha256: Of the checkpoint file.

    Returns:
        The facts.
    """
    return BundleFacts(
        name=name,
        variant=config.variant,
        sample_rate_hz=config.sampling_rate,
        fft_samples=config.filter_length,
        hop_samples=config.hop_length,
        tone_dimension=config.gin_channels,
        latent_channels=config.inter_channels,
        input_bandwidth_hz=config.sampling_rate / 2,
        tau_curve=TAU_CURVE,
        window_frames=WINDOW_FRAMES,
        licence=LICENCE,
        provenance=provenance,
        checkpoint_sha256=checkpoint_sha256,
    )
