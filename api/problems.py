"""Errors as ``application/problem+json`` (RFC 9457): what is wrong, where, and a code that programs can match."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from dispatch.events import OrderError
from dispatch.store import IdempotencyMismatch, StoreError

log = structlog.get_logger(__name__)


class FieldProblem(BaseModel):
    """One wrong field."""

    where: str = Field(examples=["body.priority"])
    message: str = Field(examples=["Input should be greater than or equal to 1"])


class ProblemView(BaseModel):
    """What went wrong. ``code`` is stable; ``detail`` is for people."""

    type: str = "about:blank"
    title: str = Field(examples=["Unprocessable Content"])
    status: int = Field(examples=[422])
    code: str = Field(examples=["inside_geozone"])
    detail: str = Field(examples=["the place lies in geozone Z03 (Chemical park)"])
    errors: list[FieldProblem] = []


class Problem(HTTPException):
    """Raised anywhere below a route; becomes the answer.

    It is an HTTPException because where FastAPI reads a body it lets nothing else through.
    """

    def __init__(self, status: int, code: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, detail, dict(headers or {}))
        self.code = code

    def __str__(self) -> str:
        return self.detail


RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": ProblemView, "description": HTTPStatus(status).phrase} for status in (401, 403, 404, 409, 422)
}
"""Every route may answer so; given to the routers for the OpenAPI document, which :mod:`api.openapi` finishes."""


def _answer(
    status: int,
    code: str,
    detail: str,
    headers: Mapping[str, str] | None = None,
    errors: list[FieldProblem] | None = None,
) -> JSONResponse:
    body = ProblemView(
        title=HTTPStatus(status).phrase, status=status, code=code, detail=detail, errors=errors or []
    ).model_dump()
    return JSONResponse(body, status, dict(headers or {}), "application/problem+json")


def problem_response(problem: Problem) -> JSONResponse:
    """The answer that a :class:`Problem` becomes; for middleware, which runs outside the exception handlers."""
    return _answer(problem.status_code, problem.code, problem.detail, problem.headers)


def unforeseen(path: str, error: Exception) -> JSONResponse:
    """The answer to a defect of ours; what happened is in the log, and nothing of it in the answer."""
    log.error("unforeseen", path=path, exc_info=error)
    return _answer(500, "internal", "an error that nobody foresaw; it is in the log")


ORDER_STATUS = {
    "unknown_incident": 404,
    "unknown_drone": 404,
    "unknown_sortie": 404,
    "unknown_zone": 404,
    "unknown_grant": 404,
}


def install(app: FastAPI) -> None:
    """Turn every failure into a problem document."""

    @app.exception_handler(Problem)
    async def _problem(_: Request, error: Problem) -> JSONResponse:
        return problem_response(error)

    @app.exception_handler(OrderError)
    async def _order(_: Request, error: OrderError) -> JSONResponse:
        return _answer(ORDER_STATUS.get(error.code, 409), error.code, str(error))

    @app.exception_handler(RequestValidationError)
    async def _validation(request: Request, error: RequestValidationError) -> JSONResponse:
        errors = error.errors()
        if isinstance(error.body, bytes):  # FastAPI has not even tried to read it
            sent = request.headers.get("content-type", "nothing")[:100]
            return _answer(415, "not_json", f"send JSON, with Content-Type: application/json, not {sent}")
        if errors[0]["type"] == "json_invalid":
            where, why = errors[0]["loc"][-1], errors[0]["ctx"]["error"]
            return _answer(400, "invalid_json", f"the body is not JSON: {why} at character {where}")
        wrong = [
            FieldProblem(where=".".join(str(part) for part in one["loc"]), message=str(one["msg"]))
            for one in errors[:20]
        ]
        detail = "; ".join(f"{one.where}: {one.message}" for one in wrong[:3])
        return _answer(422, "invalid_request", detail, errors=wrong)

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> JSONResponse:
        code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "_")
        return _answer(error.status_code, code, str(error.detail), error.headers)

    @app.exception_handler(IdempotencyMismatch)
    async def _mismatch(_: Request, error: IdempotencyMismatch) -> JSONResponse:
        return _answer(409, "idempotency_mismatch", str(error))

    @app.exception_handler(StoreError)
    async def _store(_: Request, error: StoreError) -> JSONResponse:
        log.error("store_failed", why=str(error))
        return _answer(503, "store_unavailable", "the store did not take it; nothing was accepted")
