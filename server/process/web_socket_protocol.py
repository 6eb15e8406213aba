"""The WebSocket side of the listener: uvicorn's, cut off where a client does not let it end."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

_LINGER_SECONDS = 5.0
"""How long a connection may outlive its session, so that a slow client still reads why it ended."""


class BoundedWebSocketProtocol(WebSocketsSansIOProtocol):
    """A connection that is cut some seconds after its session, whatever is still unsent.

    Closing alone waits until the client has read everything, which a hostile one never does.
    """

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        """Bound what is left of the connection once the application is done with it."""
        super().on_task_complete(task)
        self.loop.call_later(_LINGER_SECONDS, self.transport.abort)
