"""/asyncapi.json and the messages of a session are held together."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest
from starlette.testclient import TestClient

from server.messages.requests import LiveRequest, fields_of
from tests.server.fakes import FakeEngine

TEXT_MESSAGES = ("start", "end", "ready", "done", "error")


@pytest.fixture
def document(client: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/asyncapi.json").json()
    return found


def payload(document: dict[str, Any], name: str) -> Any:
    return document["components"]["messages"][name]["payload"]


def resolve(document: dict[str, Any], reference: dict[str, str]) -> Any:
    found: Any = document
    for name in reference["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    return resolve(document, found) if "$ref" in found else found


def test_every_reference_leads_to_a_message(document: dict[str, Any]) -> None:
    messages = document["components"]["messages"]
    named = []
    for operation in document["operations"].values():
        assert resolve(document, operation["channel"])["address"] == "/api/clone/live"
        named += [resolve(document, reference) for reference in operation["messages"]]
    assert named == list(messages.values())
    assert all(message["summary"] and message["x-summary-zh"] for message in messages.values())


def test_its_examples_fit(document: dict[str, Any]) -> None:
    for name in TEXT_MESSAGES:
        message = document["components"]["messages"][name]
        for example in message.get("examples", ()):
            jsonschema_rs.validate(message["payload"], example["payload"])


def test_its_examples_work_and_the_messages_that_come_fit(
    client: TestClient, document: dict[str, Any], engine: FakeEngine
) -> None:
    examples = {
        name: document["components"]["messages"][name]["examples"][0]["payload"]
        for name in ("start", "end")
    }
    with client.websocket_connect("/api/clone/live") as socket:
        socket.send_json(examples["start"])
        jsonschema_rs.validate(payload(document, "ready"), socket.receive_json())
        socket.send_json(examples["end"])
        jsonschema_rs.validate(payload(document, "done"), socket.receive_json())
    with client.websocket_connect("/api/clone/live") as socket:
        socket.send_text(json.dumps(examples["start"] | {"tau": 2}))
        jsonschema_rs.validate(payload(document, "error"), socket.receive_json())


def test_the_fields_of_the_first_message_are_described(document: dict[str, Any]) -> None:
    described: set[str] = set()
    for branch in payload(document, "start")["anyOf"]:
        for name, schema in branch["properties"].items():
            if "description" in schema:
                assert schema["x-description-zh"]
                described.add(name)
    assert described == {field.name for field in fields_of(LiveRequest)}


def test_what_the_server_sends_is_closed(document: dict[str, Any]) -> None:
    for name in ("end", "ready", "done", "error"):
        assert payload(document, name)["additionalProperties"] is False
