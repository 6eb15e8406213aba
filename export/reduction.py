"""Bundles of lower precision, made from a float32 bundle and measured against it on speech."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import onnx

from export.calibration_speech import Speech, find_recordings, read_speech
from export.checks import Announce, compare_window, require
from export.errors import PrecisionError
from export.fidelity import open_on_cpu, require_fidelity
from export.speaker import compare_speakers
from runtime import VoiceCloner
from runtime.bundle import Bundle
from runtime.install.placement import replacing, write_manifest
from runtime.interface import GraphInterface, tone_converter_interface, tone_encoder_interface
from runtime.manifest import TONE_CONVERTER, TONE_ENCODER, Manifest, Precision

Figures: TypeAlias = dict[str, Any]
Reduce: TypeAlias = Callable[
    [onnx.ModelProto, GraphInterface, Speech, Announce], tuple[onnx.ModelProto, Figures]
]


def reduce_bundle(
    bundle: Path,
    output: Path,
    precision: Precision,
    reduce: Reduce,
    calibration: Path,
    announce: Announce,
) -> Manifest:
    """Write a bundle whose converter has lower precision; it appears only if every check passes.

    The tone encoder stays in float32: it costs little, and tones of every precision are then the
    same.

    Args:
        bundle: Folder of the float32 bundle.
        output: Folder to write; a bundle that is there, even the float32 one, is replaced.
        precision: Precision of the new converter.
        reduce: Takes the float32 converter, its interface, speech and `announce`, and returns the
            new converter with figures for the manifest's `quality`.
        calibration: Folder of speech to calibrate on and, with a third of it unseen, to judge by.
        announce: Receives each step and check, a line each.

    Returns:
        The manifest of the new bundle.

    Raises:
        CalibrationError: The folder holds too little speech.
        PlaceTaken: The output cannot be written, or holds something that is not a bundle.
        ParityError: The new converter loses too much.
        PrecisionError: The bundle is not in float32.
        InvalidBundle: The bundle cannot be read.
    """
    recordings = find_recordings(calibration)
    full = Bundle.read(bundle)
    manifest = full.manifest
    if manifest.precision != "fp32":
        raise PrecisionError(f"{bundle} is in {manifest.precision}; a float32 bundle is needed")
    interface = tone_converter_interface(manifest)
    with replacing(output) as draft:
        converter = open_on_cpu(full.tone_converter, interface)
        cloner = VoiceCloner(
            manifest,
            open_on_cpu(full.tone_encoder, tone_encoder_interface(manifest)),
            converter,
        )
        speech = read_speech(recordings, cloner)
        model, figures = reduce(
            onnx.load_from_string(full.tone_converter), interface, speech, announce
        )
        data = model.SerializeToString()
        reduced = open_on_cpu(data, interface)
        ratio_db = require_fidelity(reduced, converter, precision, speech, announce)
        figures["signal_to_noise_db"] = round(ratio_db, 1)
        window = compare_window(reduced, manifest.context_frames, manifest.hop_samples)
        require([window], announce)
        (draft / TONE_ENCODER).write_bytes(full.tone_encoder)
        (draft / TONE_CONVERTER).write_bytes(data)
        quality = {**manifest.quality, precision: figures}
        written = write_manifest(
            dataclasses.replace(manifest, precision=precision, quality=quality), draft
        )
        require(compare_speakers(draft, cloner), announce)
    return written
