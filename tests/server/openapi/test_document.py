"""/openapi.json, the routes and the answers are held together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from starlette.routing import Route
from starlette.testclient import TestClient

from server.app import ServerParts, create_app
from server.messages.errors import ERRORS
from server.messages.requests import CloneRequest, fields_of
from server.process.model_loader import ModelLoader
from server.settings import Settings
from tests.server import audio
from tests.server.conftest import MakeClient
from tests.server.fakes import FakeEngine

CLIP = audio.text(audio.clip(1.0))


@pytest.fixture
def document(client: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/openapi.json").json()
    return found


def schema_of(document: dict[str, Any], path: str, method: str, status: int, kind: str) -> Any:
    media = document["paths"][path][method]["responses"][str(status)]["content"][kind]
    return media["schema"] | {"components": document["components"]}


def test_it_has_every_route_and_no_other(engine: FakeEngine, document: dict[str, Any]) -> None:
    app = create_app(ServerParts.create(Settings(), ModelLoader(lambda: engine)))
    routes = {
        (route.path, method.lower())
        for route in app.routes
        if isinstance(route, Route) and route.name != "page"
        for method in route.methods or ()
        if method != "HEAD"
    }
    described = {(path, method) for path, item in document["paths"].items() for method in item}
    assert described == routes


def test_it_says_every_error_in_both_languages(document: dict[str, Any]) -> None:
    rows = document["x-errors"]
    assert [(row["code"], row["status"]) for row in rows] == [
        (code, error.status) for code, error in ERRORS.items()
    ]
    assert all(row["message_en"] and row["message_zh"] for row in rows)


def test_every_operation_and_field_of_a_request_is_described_in_both_languages(
    document: dict[str, Any],
) -> None:
    for item in document["paths"].values():
        for operation in item.values():
            assert operation["description"] and operation["x-description-zh"]
    clone = document["paths"]["/api/clone"]["post"]["requestBody"]["content"]["application/json"]
    described: set[str] = set()
    for branch in clone["schema"]["anyOf"]:
        for name, schema in branch["properties"].items():
            if "description" in schema:
                assert schema["x-description-zh"]
                described.add(name)
    assert described == {field.name for field in fields_of(CloneRequest)}


def test_its_examples_work_and_fit(
    make_client: MakeClient, document: dict[str, Any], tmp_path: Path
) -> None:
    client = make_client(Settings(voices=str(tmp_path / "voices.db")))
    for path, item in document["paths"].items():
        for method, operation in item.items():
            status = next(status for status in operation["responses"] if status < "300")
            for kind, media in operation["responses"][status]["content"].items():
                example = media.get("example")
                lines = example.splitlines() if isinstance(example, str) else []
                for each in map(json.loads, lines) if lines else [example] if example else []:
                    schema = schema_of(document, path, method, int(status), kind)
                    jsonschema_rs.validate(schema, each)
            for media in operation.get("requestBody", {}).get("content", {}).values():
                if "example" in media:
                    jsonschema_rs.validate(media["schema"], media["example"])
                    address = path.replace("{voice_id}", "anna")
                    answer = client.request(method, address, json=media["example"])
                    assert answer.status_code == int(status)


def answers_of(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the schema of every JSON object that any operation answers."""
    found = []
    for item in document["paths"].values():
        for operation in item.values():
            for answer in operation["responses"].values():
                for media in answer["content"].values():
                    found += media["schema"].get("anyOf", [media["schema"]])
    return [schema for schema in found if "properties" in schema]


def objects_in(schema: Any) -> list[dict[str, Any]]:
    if isinstance(schema, list):
        return [each for child in schema for each in objects_in(child)]
    if not isinstance(schema, dict):
        return []
    found = [schema] if "properties" in schema else []
    return found + [each for child in schema.values() for each in objects_in(child)]


def test_the_schemas_of_answers_are_closed(document: dict[str, Any]) -> None:
    answers = answers_of(document)
    assert len(answers) > 40
    for schema in objects_in(answers):
        assert schema["additionalProperties"] is False
        for each in schema["properties"].values():
            assert each["description"] and each["x-description-zh"]


def test_the_facts_of_errors_are_described(document: dict[str, Any]) -> None:
    rows = {row["code"]: row for row in document["x-errors"]}
    facts = rows["undecodable_audio"]["facts"]
    assert set(facts) == {"index", "reason", "sample_rate_hz", "channels"}
    assert all(fact["description"] and fact["x-description-zh"] for fact in facts.values())
    assert rows["audio_too_short"]["example"] == {
        "code": "audio_too_short",
        "param": "target_audio",
        "index": 1,
        "seconds": 0.2,
        "minimum_seconds": 0.5,
    }


def test_a_key_is_asked_for_where_one_is_set(make_client: MakeClient) -> None:
    def secured(client: TestClient) -> set[str]:
        paths = client.get("/openapi.json").json()["paths"]
        return {p for p, item in paths.items() for o in item.values() if "security" in o}

    assert secured(make_client()) == set()
    assert secured(make_client(Settings(api_key="k"))) == {
        "/api/clone",
        "/api/clone/stream",
        "/api/tone",
        "/api/verify",
        "/api/voices",
        "/api/voices/{name}",
        "/v1/speech-to-speech/{voice_id}",
        "/v1/speech-to-speech/{voice_id}/stream",
        "/v1/voice-changer/{voice_id}",
        "/v1/voice-changer/{voice_id}/stream",
        "/v1/voices",
        "/v1/voices/add",
        "/v1/voices/{voice_id}",
        "/v2/voices",
        "/api/info",
        "/metrics",
    }


def test_the_limits_are_the_settings(make_client: MakeClient) -> None:
    document = make_client(Settings(target_clips=3)).get("/openapi.json").text
    assert '"maxItems": 3' in document
