"""The metrics for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

_SECONDS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300)
_STEP_SECONDS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2, 5)
_FACTORS = (0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2)
_MODEL_LABELS = ("model", "provider")

_Together = Literal["livesum", "livemax"]
"""What the gauges of several processes are together: their sum, or the highest of them."""


class Metrics:
    """The metrics of one server, in a registry of their own.

    Args:
        shared_folder: Folder where the processes of one server keep their metrics, of which the
            exposition is made; prometheus-client has to know it when it is imported. None where
            there is one process.
    """

    def __init__(self, shared_folder: Path | None = None) -> None:
        self._shared_folder = shared_folder
        self._watched: list[tuple[Gauge, Callable[[], float]]] = []
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        self._requests = Counter(
            "openvoice_requests",
            "Requests that ended, by endpoint and outcome: ok, an error's code, or client_gone.",
            ("endpoint", "outcome"),
            registry=self._registry,
        )
        self._key_requests = Counter(
            "openvoice_key_requests",
            "Requests that ended, by the API key's name and outcome; not of keys without a name.",
            ("key", "outcome"),
            registry=self._registry,
        )
        self._key_audio = Counter(
            "openvoice_key_audio_seconds",
            "Seconds of audio received (in) and converted (out), by the API key's name.",
            ("key", "direction"),
            registry=self._registry,
        )
        self._stages = Histogram(
            "openvoice_stage_seconds",
            "Seconds that a request spent in a stage.",
            ("stage", *_MODEL_LABELS),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._audio = Counter(
            "openvoice_audio_seconds",
            "Seconds of audio received (in) and converted (out).",
            ("direction", *_MODEL_LABELS),
            registry=self._registry,
        )
        self._marked = Counter(
            "openvoice_result_seconds",
            "Seconds of results, by how they are marked as generated: watermark, label or none.",
            ("mark",),
            registry=self._registry,
        )
        self._factor = Histogram(
            "openvoice_real_time_factor",
            "Inference seconds of a request divided by the seconds of its result.",
            _MODEL_LABELS,
            buckets=_FACTORS,
            registry=self._registry,
        )
        self._lookups = Counter(
            "openvoice_tone_cache_lookups",
            "Lookups in the tone cache: hit, miss, or shared with one in flight.",
            ("result",),
            registry=self._registry,
        )
        self._ready = Gauge(
            "openvoice_ready",
            "1 while new requests are accepted, else 0.",
            multiprocess_mode="livemax",
            registry=self._registry,
        )
        self._model_info = Gauge(
            "openvoice_model_info",
            "1, with the loaded model in the labels.",
            ("name", "variant", "precision", "model_id", "provider"),
            multiprocess_mode="livemax",
            registry=self._registry,
        )
        self._live_steps = Counter(
            "openvoice_live_steps",
            "Steps of live sessions that had a deadline, by whether they were late.",
            ("latency", "late"),
            registry=self._registry,
        )
        self._live_latency = Histogram(
            "openvoice_live_step_seconds",
            "Time from the arrival of a step's last sample to its result.",
            ("latency", *_MODEL_LABELS),
            buckets=_STEP_SECONDS,
            registry=self._registry,
        )
        self._labels = ("", "")

    def watch_requests(self, admitted: Callable[[], int], bytes_held: Callable[[], int]) -> None:
        """Report how many requests are admitted and how much memory they hold."""
        self._gauge("openvoice_bytes_in_flight", "Bytes of memory that requests hold.", bytes_held)
        self._gauge(
            "openvoice_requests_admitted",
            "Requests admitted.",
            admitted,
        )

    def watch_inference(self, active: Callable[[], int], waiting: Callable[[], int]) -> None:
        """Report how many requests are in an inference step and how many wait for one."""
        self._gauge("openvoice_requests_active", "Requests in an inference step.", active)
        self._gauge(
            "openvoice_requests_waiting",
            "Admitted requests in no inference step.",
            waiting,
        )

    def watch_live(self, sessions: Callable[[], int], share: Callable[[], float]) -> None:
        """Report how many live sessions there are and what they cost together."""
        self._gauge("openvoice_live_sessions", "Live sessions under way.", sessions)
        self._gauge(
            "openvoice_live_load",
            "Share of the machine that they need; of several processes, in the busiest one.",
            share,
            "livemax",
        )

    def set_model(
        self, *, model: str, variant: str, precision: str, model_id: str, provider: str
    ) -> None:
        """Set the model and the provider that later figures are labelled with."""
        self._labels = (model, provider)
        self._model_info.labels(model, variant, precision, model_id, provider).set(1)

    def set_ready(self, ready: bool) -> None:
        """Set whether new work is accepted."""
        self._ready.set(ready)

    def count_request(self, endpoint: str, outcome: str, key_name: str) -> None:
        """Count a request that has ended."""
        self._requests.labels(endpoint, outcome).inc()
        if key_name:
            self._key_requests.labels(key_name, outcome).inc()

    def count_lookup(self, result: str) -> None:
        """Count a lookup in the tone cache."""
        self._lookups.labels(result).inc()

    def observe_work(
        self,
        *,
        stage_seconds: Mapping[str, float],
        inference_seconds: float,
        audio_in_seconds: float,
        audio_out_seconds: float,
        key_name: str,
        mark: str,
    ) -> None:
        """Add the work that was done for one request."""
        for stage, seconds in stage_seconds.items():
            self._stages.labels(stage, *self._labels).observe(seconds)
        self._audio.labels("in", *self._labels).inc(audio_in_seconds)
        self._audio.labels("out", *self._labels).inc(audio_out_seconds)
        self._marked.labels(mark).inc(audio_out_seconds)
        if key_name:
            self._key_audio.labels(key_name, "in").inc(audio_in_seconds)
            self._key_audio.labels(key_name, "out").inc(audio_out_seconds)
        if audio_out_seconds:
            self._factor.labels(*self._labels).observe(inference_seconds / audio_out_seconds)

    def observe_live_step(self, latency: str, seconds: float, is_late: bool) -> None:
        """Add a live step that had a deadline."""
        self._live_steps.labels(latency, str(is_late).lower()).inc()
        self._live_latency.labels(latency, *self._labels).observe(seconds)

    def exposition(self) -> bytes:
        """Return all metrics in Prometheus's text format, of every process where they share them.

        What the operating system says of a process is left out then, as it says it of one.
        """
        if self._shared_folder is None:
            return generate_latest(self._registry)
        self.refresh()
        registry = CollectorRegistry()
        MultiProcessCollector(registry, str(self._shared_folder))  # type: ignore[no-untyped-call]
        return generate_latest(registry)

    def refresh(self) -> None:
        """Write what is watched into the shared metrics, for the other processes to tell."""
        for gauge, value in self._watched:
            gauge.set(value())

    def _gauge(
        self, name: str, about: str, value: Callable[[], float], together: _Together = "livesum"
    ) -> None:
        gauge = Gauge(name, about, multiprocess_mode=together, registry=self._registry)
        if self._shared_folder is None:
            gauge.set_function(value)
        else:
            self._watched.append((gauge, value))
