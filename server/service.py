"""What one server is made of, put together once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from server.admission import Admission
from server.lifecycle import EngineLoader, Lifecycle
from server.metrics import Metrics
from server.settings import Settings


@dataclass(frozen=True, slots=True)
class Service:
    """The parts that every route may use."""

    settings: Settings
    metrics: Metrics
    admission: Admission
    lifecycle: Lifecycle

    @classmethod
    def create(cls, settings: Settings, loader: EngineLoader) -> Self:
        """Put a server together; nothing is loaded yet."""
        metrics = Metrics()
        admission = Admission(settings.workers, settings.waiting_requests, settings.bytes_in_flight)
        metrics.watch(admission)
        return cls(settings, metrics, admission, Lifecycle(settings, loader, admission, metrics))
