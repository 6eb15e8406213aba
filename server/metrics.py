"""What Prometheus is told."""

from __future__ import annotations

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)

from server.admission import Admission
from server.engine import Engine
from server.fair_pool import FairPool
from server.job import Job
from server.timings import CONVERT, TONE
from server.tone_cache import Lookup

_SECONDS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300)
_FACTORS = (0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2)
_MODEL_LABELS = ("model", "provider")


class Metrics:
    """The metrics of one service, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        self._requests = Counter(
            "openvoice_requests",
            "Requests by endpoint and outcome: ok, an error's code, or client_gone.",
            ("endpoint", "outcome"),
            registry=self._registry,
        )
        self._stages = Histogram(
            "openvoice_stage_seconds",
            "Time that a request spent in a stage.",
            ("stage", *_MODEL_LABELS),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._audio = Counter(
            "openvoice_audio_seconds",
            "Audio taken in and given out.",
            ("direction", *_MODEL_LABELS),
            registry=self._registry,
        )
        self._factor = Histogram(
            "openvoice_real_time_factor",
            "Inference time over length of the converted audio.",
            _MODEL_LABELS,
            buckets=_FACTORS,
            registry=self._registry,
        )
        self._lookups = Counter(
            "openvoice_tone_cache_lookups",
            "Lookups of target voices: hit, miss, or shared with one in flight.",
            ("result",),
            registry=self._registry,
        )
        self._ready = self._gauge("openvoice_ready", "Whether requests are taken.")
        self._model_info = Gauge(
            "openvoice_model_info",
            "The loaded model.",
            ("name", "variant", "precision", "model_id", "provider"),
            registry=self._registry,
        )
        self._labels = ("", "")

    def watch(self, admission: Admission) -> None:
        """Show who is in."""
        self._gauge("openvoice_bytes_in_flight", "Memory that requests hold.").set_function(
            lambda: admission.bytes_held
        )
        self._gauge("openvoice_requests_admitted", "Requests that have a place.").set_function(
            lambda: admission.admitted
        )

    def watch_inference(self, admission: Admission, inference: FairPool) -> None:
        """Show how many requests are being worked on and how many are not."""
        self._gauge("openvoice_requests_active", "Requests in an inference step.").set_function(
            lambda: inference.running
        )
        self._gauge("openvoice_requests_waiting", "Admitted requests not in one.").set_function(
            lambda: admission.admitted - inference.running
        )

    def loaded(self, engine: Engine) -> None:
        """Name the model and provider that the figures from now on are of."""
        manifest, provider = engine.manifest, engine.providers[0]
        self._labels = (manifest.name, provider)
        self._model_info.labels(
            manifest.name, manifest.variant, manifest.precision, manifest.model_id, provider
        ).set(1)

    def ready(self, ready: bool) -> None:
        """Say whether requests are taken."""
        self._ready.set(ready)

    def request(self, endpoint: str, outcome: str) -> None:
        """Count a request that ended."""
        self._requests.labels(endpoint, outcome).inc()

    def lookup(self, result: Lookup) -> None:
        """Count a lookup in the tone cache."""
        self._lookups.labels(result).inc()

    def work(self, job: Job) -> None:
        """Count the work done for a request."""
        for stage, seconds in job.timings.seconds.items():
            self._stages.labels(stage, *self._labels).observe(seconds)
        self._audio.labels("in", *self._labels).inc(job.audio_in_seconds)
        self._audio.labels("out", *self._labels).inc(job.audio_out_seconds)
        if job.audio_out_seconds:
            inference = sum(job.timings.seconds.get(stage, 0.0) for stage in (TONE, CONVERT))
            self._factor.labels(*self._labels).observe(inference / job.audio_out_seconds)

    def exposition(self) -> bytes:
        """Return everything in Prometheus's text format."""
        return generate_latest(self._registry)

    def _gauge(self, name: str, about: str) -> Gauge:
        return Gauge(name, about, registry=self._registry)
