from __future__ import annotations

from dataclasses import replace

from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from server.settings import Settings
from tests.server import audio
from tests.server.conftest import MakeClient
from tests.server.fakes import MANIFEST


def samples(client: TestClient) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    text = client.get("/metrics").text
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(client: TestClient, metric: str, /, **labels: str) -> float:
    return samples(client).get((metric, frozenset(labels.items())), 0.0)


def test_metrics_count_what_happened(client: TestClient) -> None:
    clip = audio.text(audio.clip(1.0))
    fields = {"target_audio": clip, "source_audio": clip}
    client.post("/api/clone", json=fields)
    client.post("/api/clone", json=fields)
    client.post("/api/clone", json={})
    labels = {"model": "fake", "provider": "CPUExecutionProvider"}
    assert value(client, "openvoice_requests_total", endpoint="/api/clone", outcome="ok") == 2
    refused = {"endpoint": "/api/clone", "outcome": "missing_field"}
    assert value(client, "openvoice_requests_total", **refused) == 1
    assert value(client, "openvoice_stage_seconds_count", stage="convert", **labels) == 2
    assert value(client, "openvoice_stage_seconds_count", stage="parse", **labels) == 3
    assert value(client, "openvoice_audio_seconds_total", direction="in", **labels) == 4.0
    assert value(client, "openvoice_audio_seconds_total", direction="out", **labels) == 2.0
    assert value(client, "openvoice_real_time_factor_count", **labels) == 2
    assert value(client, "openvoice_tone_cache_lookups_total", result="miss") == 1
    assert value(client, "openvoice_tone_cache_lookups_total", result="hit") == 1
    assert value(client, "openvoice_ready") == 1
    for idle in ("requests_admitted", "requests_active", "requests_waiting", "bytes_in_flight"):
        assert value(client, f"openvoice_{idle}") == 0
    loaded = {
        "name": "fake",
        "variant": "compact",
        "precision": "fp32",
        "model_id": MANIFEST.model_id,
        "provider": "CPUExecutionProvider",
    }
    assert value(client, "openvoice_model_info", **loaded) == 1


def test_unknown_paths_do_not_make_new_series(client: TestClient) -> None:
    for path in ("/a", "/b", "/static/none"):
        client.get(path)
    labels = {"outcome": "not_found"}
    assert value(client, "openvoice_requests_total", endpoint="other", **labels) == 2
    assert value(client, "openvoice_requests_total", endpoint="/static", **labels) == 1


def test_two_servers_count_apart(make_client: MakeClient) -> None:
    one, other = make_client(), make_client(replace(Settings(), workers=2))
    one.get("/livez")
    labels = {"endpoint": "/livez", "outcome": "ok"}
    assert value(one, "openvoice_requests_total", **labels) == 1
    assert value(other, "openvoice_requests_total", **labels) == 0
