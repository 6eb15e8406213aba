"""Whether an audio file is marked: its watermark and its label."""

from dataclasses import dataclass

from runtime.decode import open_audio
from runtime.limits import MAXIMUM_SECONDS
from runtime.marking.containers.data import Data
from runtime.marking.label import Label
from runtime.marking.labelling import find_label
from runtime.marking.reader import Reading, WatermarkReader
from runtime.resample import resample_blocks
from runtime.source import MemorySource


@dataclass(frozen=True)
class Verification:
    """What a file says of its origin.

    Attributes:
        watermark: What was read in its audio.
        label: Label in its metadata, if there is one.
    """

    watermark: Reading
    label: Label | None

    @property
    def marked(self) -> bool:
        """Whether the watermark or the label says that the audio was generated."""
        return self.watermark.present or self.label is not None


def verify(
    data: Data, reader: WatermarkReader, *, maximum_seconds: float = MAXIMUM_SECONDS
) -> Verification:
    """Read a file's watermark, window by window, and its label.

    Args:
        data: Bytes of the file, which may be mapped into memory.
        reader: Reads the watermark.
        maximum_seconds: Length above which a file is refused.

    Raises:
        AudioError: The file cannot be read, is empty or too long.
    """
    with open_audio(MemorySource(data), maximum_seconds=maximum_seconds) as file:
        blocks = resample_blocks(file.blocks(), file.sample_rate_hz, reader.sample_rate_hz)
        reading = reader.read(blocks)
    return Verification(reading, find_label(data))
