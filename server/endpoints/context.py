"""What an endpoint may use of the server: its settings, its queue, the loaded model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from starlette.types import Scope

from server.inference.admission import Admission, Lease
from server.inference.cloning_service import CloningService
from server.inference.request_account import RequestAccount
from server.keys.rate_limiter import RateLimiter
from server.settings import Settings
from server.telemetry.metrics import Metrics
from server.telemetry.request_record import RequestRecord


@dataclass(frozen=True, slots=True)
class Context:
    """The parts of one server that its endpoints use.

    Args:
        settings: The settings.
        admission: Places and memory for requests that cost work.
        metrics: Told what requests cost.
        limiter: Told how much audio each API key sends.
        get_service: Returns the cloning service; raises `not_ready` while the model loads.
        check_ready: Raises `not_ready` while the model loads or the server drains.
    """

    settings: Settings
    admission: Admission
    metrics: Metrics
    limiter: RateLimiter
    get_service: Callable[[], CloningService]
    check_ready: Callable[[], None]

    def open_account(self, lease: Lease, scope: Scope) -> RequestAccount:
        """Return the account of a request or session, on the allowance of its API key."""
        record = RequestRecord.of(scope)
        count_audio = partial(self.limiter.count_audio, record.key_name)
        return RequestAccount(lease, record.key_name, count_audio, record.request_id)

    def observe_work(self, account: RequestAccount, record: RequestRecord) -> None:
        """Tell the metrics, the log and the trace what a request or session cost."""
        if record.trace is not None:
            record.trace.add_stages(account.stages)
        record.notes |= {
            "audio_in_seconds": round(account.audio_in_seconds, 3),
            "audio_out_seconds": round(account.audio_out_seconds, 3),
            "stages": {name: round(seconds, 4) for name, seconds in account.stage_seconds.items()},
        }
        self.metrics.observe_work(
            stage_seconds=account.stage_seconds,
            inference_seconds=account.inference_seconds,
            audio_in_seconds=account.audio_in_seconds,
            audio_out_seconds=account.audio_out_seconds,
            key_name=account.owner,
            mark=account.mark,
        )
