"""Program that decodes one media file: the file on standard input, samples on standard output.

`runtime.media.media_file` runs it by its path, in a process of its own. It imports nothing but the
standard library and PyAV, so that it starts quickly.

Its output is in parts, each after its length (4 bytes, little-endian): JSON with `sample_rate_hz`,
`channels` and `samples` (as announced, or null); then interleaved float32 samples; at the end an
empty part and JSON that is `{}`, or `{"reason": ...}` if the file could not be decoded (whole).

Arguments: demuxer, longest audio in seconds, largest address space in bytes.
"""

import io
import json
import os
import stat
import struct
import sys
from collections.abc import Iterator
from typing import IO, Any

# Decoders that recordings of phones and browsers need. Not PCM: of that, a file of a few bytes
# can announce billions of samples, each with an entry in the demuxer's index.
CODECS = frozenset({"aac", "alac", "flac", "mp3", "opus", "vorbis"})
DECODERS = (*sorted(CODECS), "mp3float", "libopus", "libvorbis")

# Opus of 2.5 ms has the shortest packets
PACKETS_A_SECOND = 400
SPARE_PACKETS = 1000

CPU_SECONDS = 10
SLOWEST_SPEED = 20
"""Seconds of audio that are decoded in a second at least; a hundred are usual."""


class Refused(Exception):
    """The file cannot be decoded; the message is one of `runtime.errors.UndecodableReason`."""


def main() -> None:
    """Decode, and say how it ended."""
    demuxer, maximum_seconds, memory_bytes = sys.argv[1:]
    limit_resources(int(memory_bytes), float(maximum_seconds))
    ending = {}
    try:
        for part in decode(demuxer, float(maximum_seconds)):
            send(part)
    except Refused as error:
        ending["reason"] = str(error)
    except MemoryError:
        ending["reason"] = "corrupt"
    send(b"")
    send(json.dumps(ending).encode())
    sys.stdout.buffer.flush()


def limit_resources(memory_bytes: int, seconds: float) -> None:
    """Limit this process, where the system can."""
    try:
        import resource
    except ImportError:
        return
    cpu_seconds = CPU_SECONDS + int(seconds / SLOWEST_SPEED)
    for kind, limit in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_CORE, 0),
    ):
        try:
            resource.setrlimit(kind, (limit, limit))
        except (ValueError, OSError):
            continue


def decode(demuxer: str, maximum_seconds: float) -> Iterator[bytes]:
    """Yield the parts of the output but the last two.

    Raises:
        Refused: The file cannot be decoded.
    """
    import av

    av.logging.set_level(None)
    try:
        with av.open(
            open_input(),
            "r",
            format=demuxer,
            io_open=refuse_address,
            metadata_errors="replace",
            container_options={
                "protocol_whitelist": "none",
                "codec_whitelist": ",".join(DECODERS),
            },
        ) as container:
            yield from decode_track(av, container, maximum_seconds)
    except (av.FFmpegError, ValueError, OSError, OverflowError) as error:
        raise Refused("corrupt") from error


def decode_track(av: Any, container: Any, maximum_seconds: float) -> Iterator[bytes]:
    """Decode the first sound track of an open file."""
    if not container.streams.audio:
        raise Refused("no_audio_track")
    stream = container.streams.audio[0]
    if stream.codec_context is None or stream.codec_context.codec.canonical_name not in CODECS:
        raise Refused("unknown_codec")
    for other in container.streams:
        if other is not stream:
            other.discard = av.stream.Discard.all
    resampler = av.AudioResampler(format="flt")
    packets_left = SPARE_PACKETS + PACKETS_A_SECOND * maximum_seconds
    samples = 0
    last = None
    for packet in container.demux(stream):
        packets_left -= 1
        if packets_left < 0:
            raise Refused("corrupt")
        for frame in packet.decode():
            for block in resampler.resample(frame):
                yield header(stream, block) if last is None else samples_of(last, last.samples)
                samples += block.samples
                last = block
    if last is None:
        raise Refused("no_samples")
    # MP4 tells the length, which may end within the last frame
    announced = announced_samples(stream, last.sample_rate)
    excess = samples - announced if announced else 0
    yield samples_of(last, last.samples - (excess if 0 < excess < last.samples else 0))


def header(stream: Any, block: Any) -> bytes:
    """Describe the audio by its first samples, because containers may be wrong about it."""
    facts = {
        "sample_rate_hz": block.sample_rate,
        "channels": block.layout.nb_channels,
        "samples": announced_samples(stream, block.sample_rate),
    }
    return json.dumps(facts).encode()


def announced_samples(stream: Any, sample_rate_hz: int) -> int | None:
    """Return the length that the container tells of a track, if it does."""
    if not stream.duration or stream.duration < 0 or not stream.time_base:
        return None
    return int(stream.duration * stream.time_base * sample_rate_hz + 0.5)


def samples_of(block: Any, samples: int) -> bytes:
    """Return the first samples of a block of packed float32."""
    return bytes(block.planes[0])[: 4 * samples * block.layout.nb_channels]


def open_input() -> IO[bytes]:
    """Return the file, in which one can seek: a pipe is read whole."""
    if stat.S_ISREG(os.fstat(0).st_mode):
        return os.fdopen(0, "rb")
    return io.BytesIO(sys.stdin.buffer.read())


def refuse_address(address: str, flags: int, options: Any) -> Any:
    """Open nothing that a file refers to.

    Raises:
        PermissionError: Always.
    """
    raise PermissionError(address)


def send(part: bytes) -> None:
    """Write a part of the output."""
    sys.stdout.buffer.write(struct.pack("<I", len(part)) + part)


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:
        # whoever reads has seen enough
        os._exit(0)
