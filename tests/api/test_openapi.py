"""The OpenAPI document is a product: other people's clients are generated from it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from api.app import PREFIX, create_app
from api.security import COOKIE
from api.settings import Settings
from tests.api.test_security import PUBLIC

TAGS = {"session", "live", "incidents", "drills", "drones", "airspace", "city", "jobs"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The document, as it is sent."""
    found: dict[str, Any] = json.loads(json.dumps(create_app(Settings()).openapi()))
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every operation with its method and path."""
    for path, verbs in document["paths"].items():
        for verb, operation in verbs.items():
            yield verb.upper(), path.removeprefix(PREFIX), operation


def references(value: Any) -> Iterator[str]:
    """Every reference in a part of the document."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for part in value.values():
            yield from references(part)
    elif isinstance(value, list):
        for part in value:
            yield from references(part)


def test_every_operation_says_what_it_is(document: dict[str, Any]) -> None:
    ids = []
    for method, path, operation in operations(document):
        told = f"{method} {path}"
        assert operation["summary"], told
        assert len(operation["description"]) > 10, told
        assert len(operation["tags"]) == 1, told
        assert operation["tags"][0] in TAGS, told
        assert operation["operationId"].isidentifier(), told
        ids.append(operation["operationId"])
    assert len(ids) == len(set(ids))


def test_who_must_log_in_and_how(document: dict[str, Any]) -> None:
    schemes = document["components"]["securitySchemes"]
    assert schemes["token"] | {"description": ""} == {"type": "http", "scheme": "bearer", "description": ""}
    assert schemes["cookie"] | {"description": ""} == {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": "",
    }
    for method, path, operation in operations(document):
        if (method, path) in PUBLIC:
            assert "security" not in operation, path
        else:
            assert operation["security"] == [{"token": []}, {"cookie": []}], path


def test_every_failure_is_a_problem(document: dict[str, Any]) -> None:
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemView"}}}
    for method, path, operation in operations(document):
        failures = {status: answer for status, answer in operation["responses"].items() if status >= "400"}
        assert {"401", "403", "404", "409", "422"} <= set(failures)
        for status, answer in failures.items():
            assert answer["content"] == problem, f"{method} {path} {status}"
            assert answer["description"]
        assert ({"400", "413", "415"} <= set(failures)) == ("requestBody" in operation)
    log_in = document["paths"][f"{PREFIX}/session"]["post"]
    assert "429" in log_in["responses"]
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_every_success_has_a_type(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        for status, answer in operation["responses"].items():
            if status == "204" or status >= "400":
                continue
            if path == "/stream":
                assert set(answer["content"]) == {"text/event-stream"}
                continue
            if path in ("/jobs/{job_id}/results/{name}", "/drills/last/files/{name}"):
                assert set(answer["content"]) == {"application/octet-stream"}
                continue
            schema = answer["content"]["application/json"]["schema"]
            assert schema.get("$ref") or schema.get("type"), f"{method} {path} {status}"


def test_what_is_sent_has_examples(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for name in ("PlaceIn", "PointIn", "IncidentIn", "NeedIn"):
        if name in schemas:
            for field in ("longitude_deg", "latitude_deg"):
                assert schemas[name]["properties"][field]["examples"]
            assert schemas[name]["additionalProperties"] is False
    assert "datum" in schemas["IncidentIn"]["required"]


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    for reference in references(document):
        *_, kind, name = reference.split("/")
        assert name in document["components"][kind]
