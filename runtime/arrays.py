"""Type aliases for the arrays that are passed from step to step."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Waveform: TypeAlias = NDArray[np.float32]
"""Mono audio at the model's sample rate, nominally within -1 to 1: [samples]."""

Spectrogram: TypeAlias = NDArray[np.float32]
"""Linear magnitudes of one clip or window: [bins, frames]."""

Tone: TypeAlias = NDArray[np.float32]
"""Tone embedding of one voice: [tone_dimension]."""
