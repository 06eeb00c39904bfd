"""The HTTP application: routers, error handling, limits, headers, and the command room's files."""

import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import APIRouter, FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import openapi, problems
from api.drill.running import Drills
from api.engine import VERSION, Engine, running
from api.problems import Problem, problem_response, unforeseen
from api.routers import airspace, city, drills, drones, incidents, jobs, live, plans, runs, session, simulations
from api.settings import Settings

WEB = Path(__file__).parent / "web" / "dist"
PREFIX = "/api/v1"
BODY_LIMIT_BYTES = 1_000_000
FILE_LIMITS_BYTES = {
    f"{PREFIX}/zones/import": 50_000_000,
    f"{PREFIX}/plans": 100_000_000,
    f"{PREFIX}/simulations": 100_000_000,
}
"""Zone files hold whole countries, demand years of calls; who may send one is known before it is read."""

PAGES = frozenset({"/planner", "/replay"})
"""Views of the one web page that have an address of their own."""

DESCRIPTION = """
The nearest able drone over any point of the city in 180 s, with reasons.

Log in with `POST /api/v1/session`; send the token as `Authorization: Bearer …`. Every error is
`application/problem+json` with a stable `code`. Times ending in `_at_s` are seconds since 1970 (UTC) of engine time;
angles are degrees clockwise from north; a position's datum must be stated.
"""

HEADERS = {
    b"content-security-policy": (
        b"default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; worker-src 'self' blob:; "
        b"connect-src 'self'; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    ),
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-opener-policy": b"same-origin",
}


def create_app(settings: Settings, engine: Engine | None = None) -> FastAPI:
    """The application. Without ``engine`` it runs one of its own for as long as it is served."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as stack:
            if engine is None:
                app.state.engine = await stack.enter_async_context(running(settings))
            stack.push_async_callback(app.state.drills.stop)
            yield

    app = FastAPI(
        title="reach180",
        description=DESCRIPTION,
        version=VERSION,
        lifespan=lifespan,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.engine = engine
    app.state.drills = Drills()
    api = APIRouter(prefix=PREFIX)
    for part in (session, live, incidents, drones, airspace, city, jobs, plans, simulations, runs, drills):
        api.include_router(part.router)
    app.include_router(api)
    problems.install(app)
    openapi.install(app)
    _serve_files(app, settings)
    app.add_middleware(Limits, raster_tiles=settings.raster_tiles)
    return app


def _serve_files(app: FastAPI, settings: Settings) -> None:
    @app.get("/basemap.pmtiles", include_in_schema=False)
    def basemap() -> FileResponse:
        """Public: OpenStreetMap data, no secret. Starlette answers ranges, which PMTiles reads by."""
        if not settings.basemap_path.exists():
            raise Problem(404, "no_basemap", "this engine has no offline base map (`reach180 basemap FILE.osm.pbf`)")
        return FileResponse(settings.basemap_path, media_type="application/vnd.pmtiles")

    if (WEB / "index.html").exists():
        # What no route knows, not a mount at "/": that would take every wrong method of the API for a missing file.
        nowhere, files = app.router.default, StaticFiles(directory=WEB, html=True)

        async def default(scope: Scope, receive: Receive, send: Send) -> None:
            of_the_api = scope["type"] != "http" or scope["path"].startswith("/api/")
            if scope["path"] in PAGES:
                scope = {**scope, "path": "/"}
            await (nowhere if of_the_api else files)(scope, receive, send)

        app.router.default = default


class Limits:
    """Refuses bodies over a megabyte, whatever length they claim, sets the security headers, and has the last word."""

    def __init__(self, app: ASGIApp, raster_tiles: str = "") -> None:
        self.app = app
        self.headers = dict(HEADERS)
        if raster_tiles.startswith("https://"):
            host = raster_tiles.split("/")[2].encode()
            policy = self.headers[b"content-security-policy"]
            policy = policy.replace(b"img-src 'self'", b"img-src 'self' https://" + host)
            self.headers[b"content-security-policy"] = policy.replace(
                b"connect-src 'self'", b"connect-src 'self' https://" + host
            )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting its bytes."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = FILE_LIMITS_BYTES.get(scope["path"], BODY_LIMIT_BYTES)
        detail = f"a request may have {limit:,} bytes"
        too_large = Problem(413, "too_large", detail, {"Connection": "close"})  # and what still comes is not read
        started, received = False, 0

        async def with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                present = {name for name, _ in message.get("headers", [])}
                extra = [(name, value) for name, value in self.headers.items() if name not in present]
                if scope["path"].startswith("/api/") and b"cache-control" not in present:
                    extra.append((b"cache-control", b"no-store"))
                message = {**message, "headers": [*message.get("headers", []), *extra]}
            await send(message)

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise too_large
            return message

        length = dict(scope["headers"]).get(b"content-length", b"0")
        if length.isdigit() and int(length) > limit:
            await problem_response(too_large)(scope, receive, with_headers)
            return
        try:
            await self.app(scope, counted, with_headers)
        except Exception as error:
            if started:
                raise
            await unforeseen(scope["path"], error)(scope, receive, with_headers)
