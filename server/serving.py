"""One server process: the model is loaded, the application created and the port listened on."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from server.process import malloc
from server.settings import Settings
from server.telemetry import logs

if TYPE_CHECKING:
    from server.process.group_member import Member

# The functions import what they use in an order that has the model loaded while the web framework
# is imported.


def serve(settings: Settings) -> int:
    """Serve as the only process until a signal ends it.

    Returns:
        The exit status: 0 after SIGTERM or SIGINT, 1 where the model could not be loaded.
    """
    malloc.return_large_blocks()
    from server.process.model_loader import ModelLoader

    loader = ModelLoader.from_settings(settings)
    from server.app import ServerParts, create_app
    from server.process.listener import create_listener, run
    from server.telemetry.traces import Traces

    parts = ServerParts.create(settings, loader, traces=Traces.from_environment(os.environ))
    return run(create_listener(create_app(parts), parts.lifecycle, settings))


def serve_member(settings: Settings, member: Member) -> int:
    """Serve as one of several processes until a signal ends it.

    Returns:
        The exit status: 0 after SIGTERM or SIGINT, 1 where the model could not be loaded.
    """
    logs.configure(settings.log_level, process=os.getpid())
    malloc.return_large_blocks()
    from server.process.model_loader import ModelLoader

    loader = ModelLoader.from_settings(settings)
    from server.app import ServerParts, create_app
    from server.process.group_member import MemberServer
    from server.process.listener import create_config, run
    from server.telemetry.metrics import Metrics
    from server.telemetry.traces import Traces

    metrics, traces = Metrics(member.metrics_folder), Traces.from_environment(os.environ)
    parts = ServerParts.create(settings, loader, metrics, traces)
    app = create_app(parts, start_loaded=member.is_replacement)
    server = MemberServer(
        create_config(app, settings),
        parts.lifecycle,
        settings.deadline_seconds,
        parts.metrics.refresh,
    )
    return run(server, member.sockets)
