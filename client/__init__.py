"""Client of an openvoice-onnx server, synchronous and asynchronous, on httpx.

It imports nothing from the server, so the folder can be copied into another project.

    with Client("http://localhost:5000") as client:
        result = client.clone("target.wav", "source.wav", tau=1.0)
    Path("output.wav").write_bytes(result.wav)
"""

from client.asynchronous import AsyncClient
from client.audio import Audio
from client.errors import (
    ApiError,
    ClientError,
    Overloaded,
    UnexpectedAnswer,
    Unreachable,
    UnreadableAudio,
)
from client.protocol import CloneOptions, Target
from client.results import CloneResult, Piece, Stats, StreamHead, ToneResult
from client.synchronous import Client

__all__ = [
    "ApiError",
    "AsyncClient",
    "Audio",
    "Client",
    "ClientError",
    "CloneOptions",
    "CloneResult",
    "Overloaded",
    "Piece",
    "Stats",
    "StreamHead",
    "Target",
    "ToneResult",
    "UnexpectedAnswer",
    "Unreachable",
    "UnreadableAudio",
]
