"""POST /api/clone, /api/clone/stream and /api/tone."""

from __future__ import annotations

from contextlib import aclosing

from server import negotiation, tone_token
from server.answers import (
    JSON_TYPE,
    LINES_TYPE,
    send_end,
    send_line,
    send_start,
    send_whole,
    to_json,
)
from server.payload import parse_clone, parse_tone
from server.work import Work

SUCCESS_MESSAGE = "音色克隆成功"
"""Fixed by the contract, whatever the client's language."""

STREAM_FORMAT = "pcm_s16le"

_PLACEHOLDER = "result_audio goes here"


async def clone(work: Work) -> None:
    """Answer /api/clone: the whole result, as JSON or as a WAV file."""
    studio, job = work.studio, work.job
    payload = await work.parse(parse_clone, studio.settings.target_clips)
    file = await studio.wav(job, await studio.begin(job, payload))
    if negotiation.wants_wav(work.request.headers.get("accept", "")):
        headers = work.headers | {"Vary": "Accept"}
        await send_whole(work.send, negotiation.WAV, headers, file)
        return
    encoded = await studio.base64(job, file)
    del file
    answer = {
        "success": True,
        "message": SUCCESS_MESSAGE,
        "result_audio": _PLACEHOLDER,
        "stats": job.timings.stats(),
    }
    # Megabytes of base64 need no escaping, so they are put in place instead of being written.
    before, _, after = to_json(answer).partition(_PLACEHOLDER.encode())
    headers = work.headers | {"Vary": "Accept"}
    await send_whole(work.send, JSON_TYPE, headers, before, encoded, after)


async def tone(work: Work) -> None:
    """Answer /api/tone: a voice as text that /api/clone takes back."""
    clip = await work.parse(parse_tone)
    voice = await work.studio.voice(work.job, clip)
    answer = {
        "success": True,
        "tone": tone_token.dump(voice.tone, work.studio.engine.manifest),
        "seconds": round(voice.seconds, 3),
        "warnings": list(voice.warnings),
    }
    await send_whole(work.send, JSON_TYPE, work.headers, to_json(answer))


async def stream(work: Work) -> None:
    """Answer /api/clone/stream: a line a window, as soon as it is there.

    What can be wrong with a request shows before the first line; what goes wrong later becomes
    the last one.
    """
    studio, job = work.studio, work.job
    payload = await work.parse(parse_clone, studio.settings.target_clips)
    rate = studio.engine.manifest.sample_rate_hz
    # The windows are those of /api/clone, so that both give the same samples to the last bit.
    conversion = await studio.begin(job, payload)
    seconds = round(conversion.samples / rate, 6)
    await send_start(work.send, LINES_TYPE, work.headers | {"X-Accel-Buffering": "no"})
    await send_line(
        work.send,
        {
            "success": True,
            "format": STREAM_FORMAT,
            "sample_rate": rate,
            "channels": 1,
            "seconds": seconds,
            "samples": conversion.samples,
            "windows": conversion.pieces,
            "request_id": work.request_id,
        },
    )
    start = 0
    async with aclosing(studio.pieces(job, conversion)) as pieces:
        index = 0
        async for piece in pieces:
            samples = len(piece) // 2
            audio = await studio.base64(job, piece)
            line = {
                "index": index,
                "start_seconds": round(start / rate, 6),
                "seconds": round(samples / rate, 6),
                "progress": round((start + samples) / conversion.samples, 6),
                "audio": audio.decode("ascii"),
            }
            await send_line(work.send, line)
            start += samples
            index += 1
    stats = job.timings.stats()
    await send_line(
        work.send,
        {"success": True, "message": SUCCESS_MESSAGE, "stats": stats, "seed": conversion.seed},
    )
    await send_end(work.send)
