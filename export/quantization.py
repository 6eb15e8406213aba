"""Bundles in static int8, for CPUs with VNNI; needs no PyTorch."""

from pathlib import Path

import onnx

from export.calibration import calibrate
from export.calibration_speech import SAMPLES, Speech
from export.checks import Announce
from export.errors import ParityError
from export.qdq import layers
from export.reduction import Figures, reduce_bundle
from export.selection import Selection
from runtime.interface import GraphInterface
from runtime.manifest import Manifest

# What layers are chosen for, on speech that calibration saw: unseen speech may cost 1.5 decibels.
CHOSEN_RATIO_DB = 26.5


def quantize_bundle(
    bundle: Path, output: Path, calibration: Path = SAMPLES, announce: Announce = print
) -> Manifest:
    """Write an int8 bundle from a float32 one; it appears only if every check passes.

    Args:
        bundle: Folder of the float32 bundle.
        output: Folder to write; a bundle that is there, even the float32 one, is replaced.
        calibration: Folder of speech to calibrate on and, with a third of it unseen, to judge by.
            Dozens of voices are better than the shipped samples.
        announce: Receives each step and check, a line each.

    Returns:
        The manifest of the int8 bundle.

    Raises:
        CalibrationError: The folder holds too little speech.
        PlaceTaken: The output cannot be written, or holds something that is not a bundle.
        ParityError: int8 loses too much.
        PrecisionError: The bundle is not in float32.
        InvalidBundle: The bundle cannot be read.
    """
    return reduce_bundle(bundle, output, "int8", quantize_converter, calibration, announce)


def quantize_converter(
    model: onnx.ModelProto, interface: GraphInterface, speech: Speech, announce: Announce
) -> tuple[onnx.ModelProto, Figures]:
    """Calibrate, choose layers by their measured error, and quantise them.

    Args:
        model: The float32 converter, left as it is.
        interface: Inputs and output of the converter.
        speech: Inputs of the converter; only the seen ones are used.
        announce: Receives a line about each step.

    Returns:
        The int8 converter, and the quantised layers for the manifest.

    Raises:
        ParityError: No layer can be quantised.
    """
    announce(f"calibrating {len(layers(model))} layers on {len(speech.seen)} clips")
    ranges = calibrate(model, speech.seen)
    selection = Selection(model, interface, ranges, speech.seen)
    groups = selection.choose(CHOSEN_RATIO_DB, announce)
    if not groups:
        raise ParityError(f"no layer can be quantised at {CHOSEN_RATIO_DB:g} dB")
    return selection.quantized(groups), {"int8_layers": [group.name for group in groups]}
