"""What an endpoint may use of the server: its settings, its queue, the loaded model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from server.inference.admission import Admission
from server.inference.cloning_service import CloningService
from server.inference.request_account import RequestAccount
from server.settings import Settings
from server.telemetry.metrics import Metrics


@dataclass(frozen=True, slots=True)
class Context:
    """The parts of one server that its endpoints use.

    Args:
        settings: The settings.
        admission: Places and memory for requests that cost work.
        metrics: Told what requests cost.
        get_service: Returns the cloning service; raises `not_ready` while the model loads.
        check_ready: Raises `not_ready` while the model loads or the server drains.
    """

    settings: Settings
    admission: Admission
    metrics: Metrics
    get_service: Callable[[], CloningService]
    check_ready: Callable[[], None]

    def observe_work(self, account: RequestAccount) -> None:
        """Tell the metrics what a request or session cost."""
        self.metrics.observe_work(
            stage_seconds=account.stage_seconds,
            inference_seconds=account.inference_seconds,
            audio_in_seconds=account.audio_in_seconds,
            audio_out_seconds=account.audio_out_seconds,
        )
