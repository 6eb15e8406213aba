"""Forward reading of a clip that arrives in blocks, as samples and as spectrogram frames.

A waveform in memory is read as a clip of one block.
"""

from collections.abc import Iterable

import numpy as np

from runtime.arrays import Spectrogram, Waveform
from runtime.spectrogram import SpectrogramTransform


class FrameReader:
    """Reader that keeps the needed part of a clip in memory and fetches more on demand.

    Args:
        blocks: Clip at the transform's sample rate, mono, in blocks of [samples] of any length.
        transform: Spectrogram transform.
    """

    def __init__(self, blocks: Iterable[Waveform], transform: SpectrogramTransform) -> None:
        self._blocks = iter(blocks)
        self._transform = transform
        self._buffer = np.zeros(0, np.float32)
        self._offset = 0
        self._ended = False

    @property
    def fetched_samples(self) -> int:
        """Number of samples fetched so far: all of the clip's once its end was reached."""
        return self._offset + len(self._buffer)

    def available(self, stop_frame: int) -> int:
        """Fetch up to a frame and return the smaller of it and the clip's number of frames."""
        hop = self._transform.hop_samples
        if self._fetch(stop_frame * hop):
            return stop_frame
        if self.fetched_samples == 0:
            return 0
        return min(stop_frame, self._transform.frames(self.fetched_samples))

    def samples(self, start_frame: int, stop_frame: int) -> Waveform:
        """Read the samples of some frames, followed by zeros after the clip's end."""
        hop = self._transform.hop_samples
        return self._span(start_frame * hop, stop_frame * hop)

    def spectrogram(self, start_frame: int, stop_frame: int) -> Spectrogram:
        """Read the spectrogram of some frames; how a clip is split into reads does not change it.

        Returns:
            Magnitudes, [bins, stop_frame - start_frame].
        """
        hop, pad = self._transform.hop_samples, self._transform.pad_samples
        start, stop = start_frame * hop - pad, stop_frame * hop + pad
        before = max(0, -start)
        beyond = 0
        if not self._fetch(stop):
            beyond = max(0, stop - self._transform.frames(self.fetched_samples) * hop)
        padded = self._span(start + before, stop - beyond)
        if before or beyond:
            padded = np.pad(padded, (before, beyond), mode="reflect")
        return self._transform.of_padded(padded)

    def forget(self, frame: int) -> None:
        """Free the samples that neither this frame nor a later one needs."""
        keep = frame * self._transform.hop_samples - self._transform.pad_samples
        drop = min(max(0, keep - self._offset), len(self._buffer))
        self._buffer = self._buffer[drop:]
        self._offset += drop

    def _span(self, start: int, stop: int) -> Waveform:
        self._fetch(stop)
        part = self._buffer[start - self._offset : stop - self._offset]
        lacking = stop - start - len(part)
        return np.pad(part, (0, lacking)) if lacking else part

    def _fetch(self, stop: int) -> bool:
        """Fetch blocks up to a sample; return False if the clip ends before it."""
        arrived = []
        fetched = self.fetched_samples
        while fetched < stop and not self._ended:
            block = next(self._blocks, None)
            if block is None:
                self._ended = True
            else:
                arrived.append(block)
                fetched += len(block)
        if arrived:
            parts = [self._buffer, *arrived] if len(self._buffer) else arrived
            # a single block is not copied, which matters for a waveform in memory
            self._buffer = parts[0] if len(parts) == 1 else np.concatenate(parts)
        return fetched >= stop
