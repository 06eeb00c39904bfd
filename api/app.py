"""The HTTP application: routers, error handling, limits, headers, and the command room's files."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import APIRouter, FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from api.engine import VERSION, Engine, running
from api.problems import Problem, problem_response
from api.routers import airspace, city, drones, incidents, live, session
from api.settings import Settings

WEB = Path(__file__).parent / "web" / "dist"
BODY_LIMIT_BYTES = 1_000_000
PREFIX = "/api/v1"

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
        if engine is not None:
            app.state.engine = engine
            yield
            return
        async with running(settings) as own:
            app.state.engine = own
            yield

    app = FastAPI(
        title="reach180",
        description=DESCRIPTION,
        version=VERSION,
        lifespan=lifespan,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    api = APIRouter(prefix=PREFIX)
    for part in (session, live, incidents, drones, airspace, city):
        api.include_router(part.router)
    app.include_router(api)
    problems.install(app)
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
        app.mount("/", StaticFiles(directory=WEB, html=True), name="web")


class Limits:
    """Refuses bodies over a megabyte, whatever length they claim, and sets the security headers."""

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
        too_large = Problem(413, "too_large", f"a request may have {BODY_LIMIT_BYTES:,} bytes")
        started, received = False, 0

        async def with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                present = {name for name, _ in message.get("headers", [])}
                extra = [(name, value) for name, value in self.headers.items() if name not in present]
                message = {**message, "headers": [*message.get("headers", []), *extra]}
            await send(message)

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > BODY_LIMIT_BYTES:
                raise too_large
            return message

        length = dict(scope["headers"]).get(b"content-length", b"0")
        if length.isdigit() and int(length) > BODY_LIMIT_BYTES:
            await problem_response(too_large)(scope, receive, with_headers)
            return
        try:
            await self.app(scope, counted, with_headers)
        except Problem as problem:
            if started:
                raise
            await problem_response(problem)(scope, receive, with_headers)
