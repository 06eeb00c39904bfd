"""What routes that make jobs share: a request that is JSON, or a part of a form with files; the job that it becomes."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.datastructures import UploadFile

from api.engine import Engine
from api.jobs.job import Kind
from api.jobs.runner import TooManyJobsError
from api.planning.request import uploaded
from api.problems import Problem
from api.routers.jobs import JobView, job_view

Asked = TypeVar("Asked", bound=BaseModel)

_FILE = {"type": "string", "format": "binary"}


def body_of(part: str, model: type[BaseModel], files: Sequence[str]) -> dict[str, Any]:
    """What OpenAPI says of such a body."""
    request = model.model_json_schema()
    form = {"type": "object", "required": [part], "properties": {part: request, **dict.fromkeys(files, _FILE)}}
    content = {"application/json": {"schema": request}, "multipart/form-data": {"schema": form}}
    return {"requestBody": {"required": True, "content": content}}


async def read_parts(request: Request, part: str, files: Sequence[str]) -> tuple[str | bytes, dict[str, bytes]]:
    """The request's JSON and its files by name. Read here, and so not before it is known who is asking."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        return await request.body(), {}
    if kind != "multipart/form-data":
        raise Problem(415, "not_json", f"send JSON, or multipart/form-data with a part `{part}` that is JSON")
    found: dict[str, bytes] = {}
    async with request.form(max_files=len(files), max_fields=1) as form:
        asked = form.get(part)
        if not isinstance(asked, str):
            raise wrong(f"there is no part `{part}`", part)
        for which in files:
            file = form.get(which)
            if isinstance(file, UploadFile):
                found |= uploaded(which, file.filename, await file.read())
        return asked, found


def parsed(model: type[Asked], body: str | bytes) -> Asked:
    """The request as its model has it; what is wrong is told by field."""
    try:
        return model.model_validate(json.loads(body))
    except ValidationError as error:
        told: Any = error.errors(include_url=False)
        raise RequestValidationError([{**one, "loc": ("body", *one["loc"])} for one in told]) from error
    except json.JSONDecodeError as error:
        unread = {"type": "json_invalid", "loc": ("body", error.pos), "msg": error.msg, "ctx": {"error": error.msg}}
        raise RequestValidationError([unread]) from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise Problem(400, "invalid_json", f"the body is not JSON: {error}") from error


def wrong(message: str, where: str) -> RequestValidationError:
    """A field that cannot be meant."""
    return RequestValidationError([{"type": "value_error", "loc": ("body", where), "msg": message}])


async def created(
    engine: Engine, response: Response, kind: Kind, asked: BaseModel, inputs: Mapping[str, bytes], **job: Any
) -> JobView:
    """The new job, or (with 200) the one that the same request with this key made before."""
    try:
        made, new = await engine.jobs.create(kind, asked.model_dump_json(), inputs, context=engine.settings.city, **job)
    except TooManyJobsError as error:
        raise Problem(409, "too_many_jobs", str(error)) from error
    if new:
        response.headers["Location"] = f"/api/v1/jobs/{made.id}"
    else:
        response.status_code = 200
    return await asyncio.to_thread(job_view, engine, made)
