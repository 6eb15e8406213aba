"""The form of a result: JSON or bytes, in which format, at which sample rate; and its sending."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass

from starlette.requests import Request

from runtime.encoding import Encoding
from runtime.encoding.formats import sample_rates_hz
from runtime.errors import InvalidOption
from server.endpoints.intake import AdmittedRequest
from server.http.answers import send_block
from server.http.negotiation import preferred_audio
from server.inference.engine import Conversion
from server.messages.message import Text
from server.messages.requests import CloneRequest, field_of


@dataclass(frozen=True, slots=True)
class Output:
    """The form of a result.

    Args:
        encoding: How the audio is encoded.
        is_bytes: Whether the Accept header asks for the audio itself instead of JSON.
    """

    encoding: Encoding
    is_bytes: bool


def choose_output(request: Request, parsed: CloneRequest, model_hz: int) -> Output:
    """Return the form of the result that a request asks for.

    The field `format` names the format; without it, the Accept header does.

    Args:
        request: The request, for its Accept header.
        parsed: Its fields.
        model_hz: Sample rate of the audio to encode.

    Raises:
        ApiError: `invalid_field`: the format has no such sample rate.
    """
    accepted = preferred_audio(request.headers.get("accept", ""))
    codec = parsed.format or accepted or "wav"
    try:
        encoding = Encoding.choose(codec, model_hz, sample_rate_hz=parsed.sample_rate)
    except InvalidOption:
        rates = [str(rate) for rate in sample_rates_hz(codec)]
        expected = Text(
            f"：{'、'.join(rates)}（{codec} 格式）",
            f"{'one of ' * (len(rates) > 1)}{', '.join(rates)} in the format {codec}",
        )
        raise field_of(CloneRequest, "sample_rate").invalid(expected) from None
    return Output(encoding, accepted is not None)


async def send_audio(request: AdmittedRequest, conversion: Conversion, encoding: Encoding) -> None:
    """Send one file in blocks, each as soon as it is made; after an error it is broken off."""
    blocks = request.service.convert_to_blocks(request.account, conversion, encoding)
    async with aclosing(blocks):
        async for block in blocks:
            if block:
                await send_block(request.send, block)
