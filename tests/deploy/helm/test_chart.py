"""The chart: rendered by Helm's code, valid by Kubernetes' schemas, true to the settings."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

pytest.importorskip("helm_python", reason="Helm's library is not installed; it has no wheel here")
kubernetes_validate = pytest.importorskip(
    "kubernetes_validate", reason="the extra deploy is not installed"
)

from helm_python import HelmError

from server.settings import BIND, MODELS, OPTIONS, PREFIX, Settings
from tests.deploy.helm.chart import CHART, COMBINATIONS, EVERYTHING, GPU, of_kind, render

OWN_VALUES = {"host", "port", "model", "provider", "api_key", "api_keys", "voices"}
"""Settings that are values of the chart under other names."""

KUBERNETES_VERSIONS = ("1.30", "1.37")
CUSTOM = {"ServiceMonitor", "PrometheusRule", "ScaledObject"}
"""Kinds of operators, whose schemas are not Kubernetes'."""


def variables(manifest: dict[str, Any]) -> dict[str, Any]:
    (container,) = manifest["spec"]["template"]["spec"]["containers"]
    return {entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in container["env"]}


@pytest.mark.parametrize("version", KUBERNETES_VERSIONS)
@pytest.mark.parametrize("name", COMBINATIONS)
def test_manifests_are_valid(name: str, version: str) -> None:
    manifests = [entry for entry in render(COMBINATIONS[name]) if entry["kind"] not in CUSTOM]
    assert manifests
    for manifest in manifests:
        kubernetes_validate.validate(manifest, version, strict=True)


def test_the_check_refuses_what_is_wrong() -> None:
    deployment = of_kind(render({}), "Deployment")
    deployment["spec"]["template"]["spec"]["conatiners"] = []
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(deployment, KUBERNETES_VERSIONS[-1], strict=True)


def test_every_template_is_rendered_by_some_values() -> None:
    kinds = {entry["kind"] for values in COMBINATIONS.values() for entry in render(values)}
    written = {
        line.removeprefix("kind: ").strip()
        for path in (CHART / "templates").glob("*.yaml")
        for line in path.read_text("utf-8").splitlines()
        if line.startswith("kind: ")
    }
    assert kinds == written


def test_every_setting_can_be_given_and_no_other() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text("utf-8"))
    assert set(schema["properties"]["settings"]["properties"]) == set(OPTIONS) - OWN_VALUES
    with pytest.raises(HelmError, match="sorce_seconds"):
        render({"settings": {"sorce_seconds": 1}})


def test_every_value_has_a_default_and_is_in_the_schema() -> None:
    def names(value: Any, schema: dict[str, Any], path: str) -> None:
        if "properties" in schema and path != "settings":
            assert set(value) == set(schema["properties"]) - {"global"}, path
            for name in value:
                names(value[name], schema["properties"][name], name)

    values = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))
    names(values, json.loads((CHART / "values.schema.json").read_text("utf-8")), "")


def test_variables_are_settings_and_numbers_stay_whole() -> None:
    found = variables(of_kind(render(EVERYTHING), "Deployment"))
    known = {PREFIX + name.upper() for name in OPTIONS} | {BIND, MODELS}
    assert {name for name in found if name.startswith(PREFIX)} <= known
    assert found["OPENVOICE_BODY_BYTES"] == "134217728"
    assert found["OPENVOICE_DEADLINE_SECONDS"] == "600.5"
    assert found["OPENVOICE_WORKERS"] == "2"


def test_secrets_are_references() -> None:
    found = variables(of_kind(render(EVERYTHING), "Deployment"))
    assert found["OPENVOICE_API_KEY"] == {"secretKeyRef": {"name": "openvoice", "key": "api-key"}}
    reference = {"name": "openvoice-database", "key": "address"}
    assert found["OPENVOICE_VOICES"] == {"secretKeyRef": reference}
    assert "Secret" not in {entry["kind"] for entry in render(EVERYTHING)}


def test_pods_are_given_time_to_drain() -> None:
    for values, deadline in (({}, Settings().deadline_seconds), (EVERYTHING, 600.5)):
        pod = of_kind(render(values), "Deployment")["spec"]["template"]["spec"]
        stop = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
        assert pod["terminationGracePeriodSeconds"] > deadline + stop


def test_the_ingress_lets_the_servers_own_errors_through() -> None:
    limits = {"body_bytes": Settings().body_bytes, "deadline_seconds": Settings().deadline_seconds}
    chosen_settings: list[dict[str, Any]] = [{}, EVERYTHING["settings"]]
    for settings in chosen_settings:
        ingress = of_kind(render({"ingress": {"enabled": True}, "settings": settings}), "Ingress")
        notes = {
            name.rpartition("/")[2]: text
            for name, text in ingress["metadata"]["annotations"].items()
        }
        chosen = limits | settings
        assert int(notes["proxy-body-size"].removesuffix("m")) * 2**20 > chosen["body_bytes"]
        assert int(notes["proxy-read-timeout"]) > chosen["deadline_seconds"]
        assert notes["proxy-buffering"] == notes["proxy-request-buffering"] == "off"


def test_containers_run_as_the_image_does() -> None:
    for values in COMBINATIONS.values():
        pod = of_kind(render(values), "Deployment")["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsUser"] == 10001
        for container in [*pod["containers"], *pod.get("initContainers", [])]:
            assert container["securityContext"]["readOnlyRootFilesystem"]
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_a_model_is_installed_once_on_the_shared_volume() -> None:
    manifests = render(EVERYTHING)
    pod = of_kind(manifests, "Deployment")["spec"]["template"]["spec"]
    (install,) = pod["initContainers"]
    assert install["command"][:3] == ["openvoice-onnx", "install", "openvoice-v2"]
    assert "--if-missing" in install["command"]
    claim = of_kind(manifests, "PersistentVolumeClaim")
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]
    names = [volume["persistentVolumeClaim"]["claimName"] for volume in pod["volumes"][1:2]]
    assert names == [claim["metadata"]["name"]]
    assert "initContainers" not in of_kind(render({}), "Deployment")["spec"]["template"]["spec"]


def test_a_gpu_is_asked_for_with_its_image_and_provider() -> None:
    deployment = of_kind(render(GPU), "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["resources"]["limits"]["nvidia.com/gpu"] == 1
    assert container["image"].startswith("openvoice-onnx@sha256:")
    assert variables(deployment)["OPENVOICE_PROVIDER"] == "cuda"
    tagged = of_kind(render({"gpu": {"enabled": True}}), "Deployment")
    assert tagged["spec"]["template"]["spec"]["containers"][0]["image"] == "openvoice-onnx:gpu"


def test_the_policy_opens_what_is_used_and_nothing_else() -> None:
    policy = of_kind(render({}), "NetworkPolicy")["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert not policy["egress"]
    used = of_kind(render(EVERYTHING), "NetworkPolicy")["spec"]["egress"]
    assert [port["port"] for rule in used for port in rule["ports"]] == [53, 53, 443, 5432, 4317]


def test_pods_are_scaled_one_way() -> None:
    with pytest.raises(HelmError, match="enable one of them"):
        render({"autoscaling": {"enabled": True}, "keda": {"enabled": True}})
    for name, kind in (("autoscaling", "HorizontalPodAutoscaler"), ("keda", "ScaledObject")):
        manifests = render({name: {"enabled": True}})
        assert "replicas" not in of_kind(manifests, "Deployment")["spec"]
        target = of_kind(manifests, kind)["spec"]["scaleTargetRef"]["name"]
        assert target == of_kind(manifests, "Deployment")["metadata"]["name"]


def test_everything_selects_the_pods() -> None:
    manifests = render(EVERYTHING)
    labels = of_kind(manifests, "Deployment")["spec"]["template"]["metadata"]["labels"]
    selectors = [
        of_kind(manifests, "Service")["spec"]["selector"],
        of_kind(manifests, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        of_kind(manifests, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
    ]
    for selector in selectors:
        assert selector
        assert selector.items() <= labels.items()
    service = of_kind(manifests, "Service")["metadata"]["labels"]
    monitor = of_kind(manifests, "ServiceMonitor")["spec"]["selector"]["matchLabels"]
    assert monitor.items() <= service.items()


def test_the_monitor_sends_the_key() -> None:
    (endpoint,) = of_kind(render(EVERYTHING), "ServiceMonitor")["spec"]["endpoints"]
    assert endpoint["authorization"]["credentials"] == {"name": "openvoice", "key": "api-key"}
    other = {"serviceMonitor": {"enabled": True, "authorization": {"name": "a", "key": "b"}}}
    (endpoint,) = of_kind(render(EVERYTHING | other), "ServiceMonitor")["spec"]["endpoints"]
    assert endpoint["authorization"]["credentials"] == {"name": "a", "key": "b"}
    (endpoint,) = of_kind(render({"serviceMonitor": {"enabled": True}}), "ServiceMonitor")["spec"][
        "endpoints"
    ]
    assert "authorization" not in endpoint
