"""Rendering of the chart by Helm's own code, and what rules and dashboard say."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import yaml

CHART = Path(__file__).parents[3] / "deploy" / "helm" / "openvoice-onnx"
RELEASE, NAMESPACE = "voice", "speech"

EVERYTHING: dict[str, Any] = {
    "settings": {"source_seconds": 1200, "body_bytes": 134217728, "deadline_seconds": 600.5},
    "model": {"name": "openvoice-v2", "hubEndpoint": "https://mirror.example.com"},
    "apiKey": {"existingSecret": "openvoice"},
    "apiKeys": {"existingSecret": "openvoice"},
    "voices": {"existingSecret": "openvoice-database"},
    "ingress": {"enabled": True, "tlsSecret": "tls"},
    "autoscaling": {"enabled": True},
    "networkPolicy": {
        "from": [{"podSelector": {"matchLabels": {"app": "frontend"}}}],
        "extraEgress": [{"ports": [{"port": 4317}]}],
    },
    "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
    "prometheusRule": {"enabled": True, "labels": {"release": "prometheus"}},
    "dashboard": {"enabled": True},
    "podLabels": {"team": "speech"},
    "podAnnotations": {"example.com/note": "yes"},
    "imagePullSecrets": [{"name": "registry"}],
    "nodeSelector": {"kubernetes.io/arch": "amd64"},
    "tolerations": [{"key": "speech", "operator": "Exists"}],
    "extraEnv": [{"name": "TZ", "value": "UTC"}],
}
"""Values that turn on as much as goes together."""

GPU: dict[str, Any] = {
    "gpu": {"enabled": True, "runtimeClassName": "nvidia"},
    "keda": {"enabled": True},
    "image": {"digest": "sha256:" + "0" * 64},
}
COMBINATIONS: dict[str, dict[str, Any]] = {"defaults": {}, "everything": EVERYTHING, "gpu": GPU}


@functools.cache
def _chart() -> Any:
    import helm_python

    return helm_python.Chart.load(CHART)


def render(values: dict[str, Any]) -> list[dict[str, Any]]:
    """Render the chart and parse its manifests."""
    chart = _chart()
    chart.validate_schema(values)
    texts = chart.render(values, name=RELEASE, namespace=NAMESPACE)
    return [
        manifest
        for name, text in sorted(texts.items())
        if name.endswith(".yaml")
        for manifest in yaml.safe_load_all(text)
        if manifest
    ]


def of_kind(manifests: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    """Give the only manifest of a kind."""
    (found,) = (manifest for manifest in manifests if manifest["kind"] == kind)
    return found


def alert_rules() -> list[dict[str, Any]]:
    """Give the alert rules as Prometheus reads them."""
    groups = yaml.safe_load((CHART / "files" / "alerts.yaml").read_text("utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def dashboard() -> dict[str, Any]:
    """Give Grafana's dashboard."""
    parsed: dict[str, Any] = json.loads((CHART / "files" / "dashboard.json").read_text("utf-8"))
    return parsed
