"""Alert rules and dashboard: queries that parse, over metrics and labels that the server has."""

from __future__ import annotations

import json
import re

import pytest

promql_parser = pytest.importorskip("promql_parser", reason="the extra deploy is not installed")
yaml = pytest.importorskip("yaml")

from prometheus_client.parser import text_string_to_metric_families

from server.messages.errors import ERRORS
from server.telemetry.metrics import Metrics
from tests.deploy.helm.chart import COMBINATIONS, alert_rules, dashboard, of_kind, render

SCRAPED_LABELS = {"namespace", "pod", "service"}
"""Labels that Prometheus adds when it scrapes by a ServiceMonitor."""

OUTCOMES = {"ok", "client_gone", *ERRORS}
GRAFANA = {"$__rate_interval": "5m", "$namespace": ".*", "$pod": ".*"}


def known_metrics() -> dict[str, set[str]]:
    """Give the names of all samples of a server that has worked, with their labels."""
    metrics = Metrics()
    metrics.watch_requests(lambda: 0, lambda: 0)
    metrics.watch_inference(lambda: 0, lambda: 0)
    metrics.watch_live(lambda: 0, lambda: 0.0)
    metrics.set_model(model="m", variant="v", precision="p", model_id="i", provider="c")
    for family in vars(metrics).values():
        if hasattr(family, "_labelnames") and family._labelnames:
            family.labels(*("x" for _ in family._labelnames))
    return {
        sample.name: set(sample.labels)
        for family in text_string_to_metric_families(metrics.exposition().decode())
        for sample in family.samples
    }


def dashboard_queries() -> list[str]:
    queries = [target["expr"] for panel in dashboard()["panels"] for target in panel["targets"]]
    for variable, text in GRAFANA.items():
        queries = [query.replace(variable, text) for query in queries]
    return queries


def scaling_queries() -> list[str]:
    pods = of_kind(render({"autoscaling": {"enabled": True}}), "HorizontalPodAutoscaler")
    (metric,) = pods["spec"]["metrics"]
    (trigger,) = of_kind(render(COMBINATIONS["gpu"]), "ScaledObject")["spec"]["triggers"]
    return [metric["pods"]["metric"]["name"], trigger["metadata"]["query"]]


def check(query: str) -> None:
    """Check that a query parses and that its metrics, labels and outcomes exist."""
    text = promql_parser.parse(query).prettify()
    metrics = known_metrics()
    names = set(re.findall(r"\b(?:openvoice|process|python)_\w+", text))
    assert names, query
    assert names <= set(metrics), names - set(metrics)
    available = SCRAPED_LABELS.union(*(metrics[name] for name in names))
    for braces in re.findall(r"\{([^}]*)\}", text):
        assert set(re.findall(r'(\w+)\s*(?:=~|!~|!=|=)\s*"', braces)) <= available, query
    for group in re.findall(r"\b(?:by|on)\s*\(([^)]*)\)", text):
        assert set(re.split(r",\s*", group)) <= available, query
    for outcomes in re.findall(r'outcome=~?"([^"]*)"', text):
        assert set(outcomes.split("|")) <= OUTCOMES, query


@pytest.mark.parametrize("rule", alert_rules(), ids=lambda rule: rule["alert"])
def test_alert_asks_for_what_there_is(rule: dict[str, object]) -> None:
    assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}
    check(str(rule["expr"]))


@pytest.mark.parametrize("query", sorted(set(dashboard_queries())))
def test_panel_asks_for_what_there_is(query: str) -> None:
    check(query)


def test_every_metric_of_the_server_is_on_the_dashboard() -> None:
    shown = " ".join(dashboard_queries())
    families = {re.sub(r"_(total|created|bucket|sum|count)$", "", name) for name in known_metrics()}
    ours = {name for name in families if name.startswith("openvoice_")}
    assert ours
    assert {name for name in ours if name not in shown} <= {"openvoice_key_audio_seconds"}


@pytest.mark.parametrize(
    "query", ["rate(openvoice_reqests_total[5m])", 'openvoice_ready{colour="red"}']
)
def test_the_check_refuses_what_is_not_there(query: str) -> None:
    with pytest.raises(AssertionError):
        check(query)


def test_panels_do_not_overlap() -> None:
    places = [panel["gridPos"] for panel in dashboard()["panels"]]
    cells = [
        (x, y)
        for place in places
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24


def test_scaling_asks_for_what_there_is() -> None:
    pytest.importorskip("helm_python", reason="Helm's library is not installed")
    for query in scaling_queries():
        check(query)


def test_the_chart_hands_them_on_as_they_are() -> None:
    pytest.importorskip("helm_python", reason="Helm's library is not installed")
    manifests = render(COMBINATIONS["everything"])
    (group,) = of_kind(manifests, "PrometheusRule")["spec"]["groups"]
    assert group["rules"] == alert_rules()
    assert json.loads(of_kind(manifests, "ConfigMap")["data"]["openvoice-onnx.json"]) == dashboard()
