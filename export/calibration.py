"""Ranges of the values around layers, measured on speech by ONNX Runtime's calibrator.

On the official size with drawn weights, the percentile calibrator with its defaults keeps 24.0 dB
on unseen speech with every layer quantised, 29.5 dB with the residual blocks alone and 25.8 dB with
the WaveNets alone. Min-max keeps 24.0, 29.0 and 26.0 dB, and entropy less.
"""

import contextlib
import io
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    TensorsData,
    create_calibrator,
)

from export.qdq import CONVOLUTION
from export.upsampling import TRANSPOSED_CONVOLUTION
from runtime.interface import Inputs


class _OneClip(CalibrationDataReader):  # type: ignore[misc]
    """A single clip, in the form that the library reads."""

    def __init__(self, clip: Inputs) -> None:
        self._clips: Iterator[Inputs] = iter([clip])

    def get_next(self) -> Inputs | None:
        return next(self._clips, None)


def calibrate(model: onnx.ModelProto, clips: Sequence[Inputs]) -> TensorsData:
    """Run a graph on clips and choose a range for each layer's input and output.

    Args:
        model: The float32 graph, left as it is.
        clips: Inputs by name, a dictionary a clip.

    Returns:
        Range and histogram of each value, by name.
    """
    with (
        tempfile.TemporaryDirectory(prefix="openvoice-calibration-") as folder,
        # The library reports its progress on standard output.
        contextlib.redirect_stdout(io.StringIO()),
    ):
        path = Path(folder) / "model.onnx"
        onnx.save(model, path)
        calibrator = create_calibrator(
            path,
            [CONVOLUTION, TRANSPOSED_CONVOLUTION],
            augmented_model_path=str(Path(folder) / "augmented.onnx"),
            calibrate_method=CalibrationMethod.Percentile,
        )
        for clip in clips:
            # One by one, since the library keeps every value of what it is given at once.
            calibrator.collect_data(_OneClip(clip))
        return calibrator.compute_data()
