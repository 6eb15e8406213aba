"""Client of an openvoice-onnx server, synchronous and asynchronous, on httpx and websockets.

It imports nothing from the server, so the folder can be copied into another project.

    with Client("http://localhost:5000") as client:
        result = client.clone("target.wav", "source.wav", tau=1.0)
    Path("output.wav").write_bytes(result.audio)
"""

from client.asynchronous import AsyncClient, AsyncLiveSession
from client.audio import Audio
from client.errors import (
    ApiError,
    ClientError,
    Overloaded,
    UnexpectedAnswer,
    Unreachable,
    UnreadableAudio,
)
from client.live import LiveOptions
from client.protocol import AudioFormat, CloneOptions, OutputOptions, Target, TargetVoice
from client.results import (
    CloneResult,
    LiveReady,
    LiveStats,
    MarkedStretch,
    Piece,
    Stats,
    StoredVoice,
    StreamHead,
    ToneResult,
    VerifyResult,
)
from client.synchronous import Client, LiveSession

__all__ = [
    "ApiError",
    "AsyncClient",
    "AsyncLiveSession",
    "Audio",
    "AudioFormat",
    "Client",
    "ClientError",
    "CloneOptions",
    "CloneResult",
    "LiveOptions",
    "LiveReady",
    "LiveSession",
    "LiveStats",
    "MarkedStretch",
    "OutputOptions",
    "Overloaded",
    "Piece",
    "Stats",
    "StoredVoice",
    "StreamHead",
    "Target",
    "TargetVoice",
    "ToneResult",
    "UnexpectedAnswer",
    "Unreachable",
    "UnreadableAudio",
    "VerifyResult",
]
