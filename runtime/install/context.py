"""How many frames around a chunk an installed converter needs, measured on shipped samples."""

from runtime.cloner import VoiceCloner
from runtime.install.proof import SAMPLES
from runtime.interface import Inputs, converter_inputs
from runtime.receptive_field import receptive_fields
from runtime.spectrogram import SpectrogramTransform

# Each sample is converted into the voice of the other one. More of them and more cuts would find
# rarer cases, but an installation should not take minutes.
CLIPS = ("scottish-man.wav", "mandarin-woman.flac")
CLIP_SECONDS = 5.0
CUTS = (0.3, 0.5, 0.7)


def measure_context(cloner: VoiceCloner) -> tuple[dict[str, int], dict[str, int]]:
    """Measure the receptive field by tolerance, which live conversion takes its windows from.

    Args:
        cloner: The model.

    Returns:
        Frames before, and frames after, as `runtime.receptive_field.receptive_fields` gives them.
    """
    manifest = cloner.manifest
    samples = round(CLIP_SECONDS * cloner.sample_rate_hz)
    clips = [cloner.decode((SAMPLES / name).read_bytes())[:samples] for name in CLIPS]
    tones = [cloner.tone(clip) for clip in clips]
    transform = SpectrogramTransform.of(manifest)
    inputs: list[Inputs] = [
        converter_inputs(manifest, transform(clip), source, target)
        for clip, source, target in zip(clips, tones, reversed(tones), strict=True)
    ]
    return receptive_fields(cloner.converter, inputs, manifest.context, manifest.hop_samples, CUTS)
