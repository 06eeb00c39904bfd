"""The OpenAPI document, finished: what FastAPI writes, with problems as the media type that they have."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI

WITH_BODY = (400, 413, 415)
"""How an operation that takes a body may answer, beside what it says itself."""

_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemView"}}}


def install(app: FastAPI) -> None:
    """Have ``app`` give the finished document; other people's clients are generated from it."""
    written = app.openapi

    def finished() -> dict[str, Any]:
        if app.openapi_schema is None:
            for operations in written()["paths"].values():
                for operation in operations.values():
                    _finish(operation)
        assert app.openapi_schema is not None
        return app.openapi_schema

    app.openapi = finished  # type: ignore[method-assign]  # FastAPI's own way to extend it


def _finish(operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    if "requestBody" in operation:
        responses |= {str(status): {"description": HTTPStatus(status).phrase} for status in WITH_BODY}
    for status in responses:
        if status >= "400":
            responses[status]["content"] = _PROBLEM
