"""The server as a Ray Serve application.

`serve run deploy.ray.service:build min_replicas=2 max_replicas=8 cpus=2`; further arguments are the
server's settings by name. Each replica is a whole server behind Ray Serve's proxy: it loads the
model, and has its own queue, limits, cache and metrics.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from ray import serve
from ray.serve import Application
from starlette.applications import Starlette

from server import settings as settings_module
from server.app import ServerParts, create_app
from server.process import malloc
from server.process.model_loader import ModelLoader
from server.settings import OPTIONS, Settings, SettingsError
from server.telemetry import logs
from server.telemetry.traces import Traces

NAME = "openvoice"
_PROXY_OWN = ("host", "port", "processes")
_POSTGRES = "postgresql://"


@dataclass(frozen=True)
class Scale:
    """How many replicas there are, and what each takes.

    Attributes:
        min_replicas: Replicas that are always there.
        max_replicas: Most replicas; more than the least are started when requests wait.
        cpus: CPUs of a replica, and threads of its inference steps unless the settings say others.
        gpus: GPUs of a replica.
    """

    min_replicas: int = 1
    max_replicas: int = 1
    cpus: int = 1
    gpus: float = 0.0

    def __post_init__(self) -> None:
        if not 1 <= self.min_replicas <= self.max_replicas:
            raise SettingsError("1 <= min_replicas <= max_replicas is needed")
        if self.cpus < 1 or self.gpus < 0:
            raise SettingsError("cpus must be at least 1, and gpus at least 0")

    @classmethod
    def parse(cls, arguments: Mapping[str, Any]) -> Self:
        """Parse the arguments that are this class's own.

        Raises:
            SettingsError: One is no number, or out of range.
        """
        kinds = {"min_replicas": int, "max_replicas": int, "cpus": int, "gpus": float}
        try:
            given = {name: kinds[name](value) for name, value in arguments.items()}
        except ValueError as error:
            raise SettingsError(str(error)) from None
        given.setdefault("max_replicas", given.get("min_replicas", cls.min_replicas))
        return cls(**given)


def parse_arguments(
    arguments: Mapping[str, Any], environment: Mapping[str, str]
) -> tuple[Scale, Settings]:
    """Parse the arguments of the application, and the server's variables.

    Raises:
        SettingsError: An argument is unknown or cannot be used.
    """
    own = {field.name for field in dataclasses.fields(Scale)}
    scale = Scale.parse({name: arguments[name] for name in arguments if name in own})
    overrides = {}
    for name in arguments.keys() - own:
        if name not in OPTIONS or name in _PROXY_OWN:
            raise SettingsError(f"{name} is not an argument of the application")
        overrides[name] = settings_module.parse(name, str(arguments[name]))
    settings, _ = settings_module.from_environment(environment, overrides)
    if settings.voices is not None and not settings.voices.startswith(_POSTGRES):
        raise SettingsError(f"replicas on several machines share voices at {_POSTGRES}... only")
    return scale, dataclasses.replace(settings, threads=settings.threads or scale.cpus)


def build(arguments: Mapping[str, Any]) -> Application:
    """Build the application; Ray Serve calls it with the arguments of `serve run`.

    Raises:
        SettingsError: An argument cannot be used.
    """
    scale, settings = parse_arguments(arguments, os.environ)

    def create_replica() -> Starlette:
        return _create_replica(settings)

    @serve.ingress(create_replica)
    class VoiceCloning:
        """One replica; Ray Serve passes requests and WebSockets on to its ASGI application."""

        def check_health(self) -> None:
            """Raise where no requests are accepted; Ray Serve then replaces the replica."""
            self.app.state.check_ready()  # type: ignore[attr-defined]

    replicas: dict[str, Any] = {"num_replicas": scale.min_replicas}
    if scale.max_replicas > scale.min_replicas:
        replicas = {
            "autoscaling_config": {
                "min_replicas": scale.min_replicas,
                "max_replicas": scale.max_replicas,
                "target_ongoing_requests": settings.workers,
            }
        }
    deployment = serve.deployment(
        VoiceCloning,
        name=NAME,
        # The replica itself answers 429 to more; live sessions are admitted apart from requests.
        max_ongoing_requests=settings.workers + settings.waiting_requests + settings.live_sessions,
        ray_actor_options={"num_cpus": scale.cpus, "num_gpus": scale.gpus},
        graceful_shutdown_timeout_s=settings.deadline_seconds,
        **replicas,
    )
    application: Application = deployment.bind()
    return application


def _create_replica(settings: Settings) -> Starlette:
    """Create the application of a replica, which starts once its model is loaded."""
    logs.configure(settings.log_level, process=os.getpid())
    malloc.return_large_blocks()
    loader = ModelLoader.from_settings(settings)
    parts = ServerParts.create(settings, loader, traces=Traces.from_environment(os.environ))
    app = create_app(parts, start_loaded=True)
    app.state.check_ready = parts.lifecycle.check_ready
    return app
