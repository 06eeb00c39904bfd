"""Logging in and out."""

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field, SecretStr

from api.intake import Strict
from api.problems import RESPONSES, ProblemView
from api.routers.common import Running
from api.security import COOKIE, Viewer
from dispatch.store import Role

router = APIRouter(prefix="/session", tags=["session"], responses=RESPONSES)


class LoginIn(Strict):
    """A name and a password."""

    username: str = Field(max_length=200, examples=["demo"])
    password: SecretStr = Field(max_length=1024)


class SessionView(BaseModel):
    """Who is logged in. ``token`` is for programs (``Authorization: Bearer``); browsers have their cookie."""

    username: str
    role: Role
    token: str | None = Field(None, repr=False)


@router.post("", summary="Log in", responses={429: {"model": ProblemView, "description": "Too many tries have failed"}})
async def log_in(body: LoginIn, request: Request, response: Response, engine: Running) -> SessionView:
    """Public. Sets the session cookie and returns the same token for programs.

    The answer tells not whether the name or the password was wrong; after ten failures it is 429 for a while.
    """
    address = request.client.host if request.client else ""
    account = await engine.logins.verify(body.username, body.password.get_secret_value(), address)
    token = engine.sessions.issue(account)
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(engine.sessions.lifetime_s),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return SessionView(username=account.username, role=account.role, token=token)


@router.get("", summary="Who am I")
def who_am_i(account: Viewer) -> SessionView:
    """The account of this session."""
    return SessionView(username=account.username, role=account.role)


@router.delete("", summary="Log out", status_code=204)
def log_out(response: Response) -> None:
    """Public. Forgets the cookie."""
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
