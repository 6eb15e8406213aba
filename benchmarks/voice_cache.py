"""What a target costs whose tone is known."""

from __future__ import annotations

from benchmarks import clips
from benchmarks.distribution import COLUMNS, Distribution
from benchmarks.exchange import clone_body, open_client, post, stages_of
from benchmarks.model import open_model
from benchmarks.options import Options
from benchmarks.report import Table
from benchmarks.server import Server

_EXTRACTION = ("decode", "tone")


def measure(options: Options, source: bytes) -> Table:
    """Measure requests with targets that are new, and with one that is not.

    Args:
        options: what to serve with.
        source: file of the speech to convert.
    """
    model = open_model(options.model, options)
    rate_hz = model.cloner.sample_rate_hz
    taken: dict[str, list[float]] = {"new": [], "known": []}
    with Server(**options.serving) as server, open_client(server.url) as client:
        for turn in range(3 if options.quick else 15):
            # each a clip of its own, all of one length
            clip = clips.of_length(model.cloner, 8.0 + turn / rate_hz, first=turn)
            target = clips.wav_file(clip[-8 * rate_hz :], rate_hz, rate_hz)
            body = clone_body(source, target=target)
            for seconds in taken.values():
                stages = stages_of(post(client, body).headers["Server-Timing"])
                seconds.append(sum(stages[stage] for stage in _EXTRACTION))
    return Table(
        "Tone cache",
        "Decoding and tone extraction of a request (the contract's extract_time), for a target of "
        "eight seconds that is new to the server and for one that is not.",
        ("target", *COLUMNS),
        [(name, *Distribution.of(each).milliseconds) for name, each in taken.items()],
    )
