"""How results are marked as generated, and how clips are read for such marks."""

from __future__ import annotations

from functools import cached_property

from runtime.encoding import Codec, Encoder
from runtime.marking.conversion import MarkedConversion
from runtime.marking.label import Label, check_label_text
from runtime.marking.labelling import LABELLED_CODECS, with_label
from runtime.marking.reader import WatermarkReader
from runtime.marking.writer import WatermarkWriter
from server.inference.engine import Conversion
from server.inference.request_account import LABEL, UNMARKED, WATERMARK, Mark
from server.settings import Settings


class Marking:
    """Marks results as the settings say.

    Args:
        settings: What is marked, and what labels say.
        writer: Writes the watermark; None where results have none.
    """

    def __init__(self, settings: Settings, writer: WatermarkWriter | None) -> None:
        self._settings = settings
        self._writer = writer

    @classmethod
    def load(cls, settings: Settings, sample_rate_hz: int) -> Marking:
        """Load what marking needs of each result; what reads marks is loaded when first needed.

        Args:
            settings: What is marked, where graphs run, and on how many threads.
            sample_rate_hz: Sample rate of the results.

        Raises:
            OpenVoiceError: The watermark's graph cannot be loaded, or a label cannot say what the
                settings have it say.
        """
        check_label_text("producer", settings.producer)
        check_label_text("content_id_prefix", settings.content_id_prefix)
        writer = None
        if settings.marking == "full":
            writer = WatermarkWriter.load(
                sample_rate_hz,
                provider=settings.provider,
                threads=settings.threads,
                spinning=False,
            )
            writer.warm_up()
        return cls(settings, writer)

    @property
    def headers(self) -> dict[str, str]:
        """Headers of an answer that holds a result."""
        return {"X-AI-Generated": "true"} if self.is_on else {}

    @property
    def is_on(self) -> bool:
        """Whether results are said to be generated in any way."""
        return self._settings.marking != "none"

    @cached_property
    def reader(self) -> WatermarkReader:
        """The reader of watermarks, loaded when first asked for."""
        return WatermarkReader.load(
            provider=self._settings.provider, threads=self._settings.threads, spinning=False
        )

    def mark(self, conversion: Conversion) -> Conversion:
        """Have a conversion put the watermark into its result, where results have one."""
        return conversion if self._writer is None else MarkedConversion(conversion, self._writer)

    def label(self, encoder: Encoder, codec: Codec, request_id: str) -> Encoder:
        """Have an encoder label its file, where results have labels and the format can hold one.

        Args:
            encoder: Encoder that has not begun.
            codec: Its format.
            request_id: Id of the request, which becomes part of the label.
        """
        if not self.is_on:
            return encoder
        content_id = self._settings.content_id_prefix + request_id
        return with_label(encoder, codec, Label(self._settings.producer, content_id))

    def kind(self, codec: Codec) -> Mark:
        """Return the strongest mark that a result in a format has."""
        if self._writer is not None:
            return WATERMARK
        return LABEL if self.is_on and codec in LABELLED_CODECS else UNMARKED
