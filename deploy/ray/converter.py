"""An actor that converts clips: loads the model once, then a batch of clips a call."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.ray.clips import AUDIO, NAME, PATH
from deploy.ray.results import Failure, Result, Results
from runtime import VoiceCloner
from runtime.arrays import Tone
from runtime.encoding import Encoding
from runtime.encoding.encoder import open_encoder
from runtime.errors import OpenVoiceError
from runtime.marking.conversion import MarkedConversion
from runtime.marking.label import DEFAULT_PRODUCER, Label, Marking
from runtime.marking.labelling import with_label
from runtime.marking.writer import WatermarkWriter
from runtime.providers import Provider

Row = Mapping[str, Any]

UNREADABLE = "unreadable"


@dataclass(frozen=True)
class ConversionOptions:
    """How clips are converted.

    Attributes:
        model: Folder or name of the model.
        provider: Where the graphs run.
        threads: CPU threads of an actor.
        tau: Strength of the target's voice, 0 to 1.
        temperature: Random variation of the result, 0 to 1.
        seed: Seed of the data set, from which each clip's follows.
        marking: How results say that they were generated.
    """

    model: Path
    provider: Provider
    threads: int
    tau: float
    temperature: float
    seed: int
    marking: Marking


def seed_of(name: str, seed: int) -> int:
    """Return the seed of a clip, below 2^63: that of the data set and the clip's name decide it."""
    digest = hashlib.sha256(f"{seed}\n{name}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8]) >> 1


class Converter:
    """Converts batches of clips and keeps the results.

    Args:
        options: How clips are converted.
        target_tone: Embedding of the voice to imitate, [tone_dimension].
        results: Where results are kept.
    """

    def __init__(self, options: ConversionOptions, target_tone: Tone, results: Results) -> None:
        self._options = options
        self._target_tone = target_tone
        self._results = results
        placed = {"provider": options.provider, "threads": options.threads}
        self._cloner = VoiceCloner.load(options.model, **placed)  # type: ignore[arg-type]
        self._writer = None
        if options.marking == "full":
            rate_hz = self._cloner.sample_rate_hz
            self._writer = WatermarkWriter.load(rate_hz, **placed)  # type: ignore[arg-type]

    def convert_all(self, rows: Sequence[Row]) -> list[Result | Failure]:
        """Convert clips and keep their results; return these and what failed."""
        found = [self._try(row) for row in rows]
        self._results.write([each for each in found if isinstance(each, Result)])
        return found

    def _try(self, row: Row) -> Result | Failure:
        name = str(row[NAME])
        try:
            data = row[AUDIO] if row.get(PATH) is None else Path(row[PATH]).read_bytes()
            return self._convert(name, bytes(data))
        except OpenVoiceError as error:
            return Failure(name, error.code, str(error))
        except OSError as error:
            return Failure(name, UNREADABLE, str(error))

    def _convert(self, name: str, data: bytes) -> Result:
        options, cloner = self._options, self._cloner
        rate_hz, seed = cloner.sample_rate_hz, seed_of(name, options.seed)
        speech = cloner.decode(data)
        conversion = cloner.conversion(
            speech,
            cloner.tone(speech, allow_silent=True),
            self._target_tone,
            tau=options.tau,
            temperature=options.temperature,
            seed=seed,
        )
        pieces = conversion if self._writer is None else MarkedConversion(conversion, self._writer)
        encoder = open_encoder(Encoding.choose("wav", rate_hz), len(speech), rate_hz)
        if options.marking != "none":
            # The id follows from the clip, so that converting it again gives the same file.
            encoder = with_label(encoder, "wav", Label(DEFAULT_PRODUCER, f"{seed:016x}"))
        audio = b"".join(encoder.encode(piece) for piece in pieces) + encoder.finish()
        return Result(name, audio, len(speech) / rate_hz, seed)
