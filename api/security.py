"""Who is calling, and whether they may.

A session is a signed token (HS256) with a name, a role and an end, in an HttpOnly, SameSite=Strict cookie for browsers
or as ``Authorization: Bearer`` for programs. The account is looked up on every call, so a withdrawn account or a
changed role holds at once. Every route names the role it needs by depending on :func:`needs`; a test goes through the
OpenAPI document and fails for a route that names none.
"""

import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from pydantic import SecretStr

from api.problems import Problem
from dispatch.store import Account, Accounts, Role

COOKIE = "reach180_session"
ISSUER = "reach180"
SHORTEST_KEY = 32
"""Characters; HS256 is as strong as its key."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Sessions:
    """Makes and reads session tokens."""

    def __init__(self, key: SecretStr, hours: float, accounts: Accounts) -> None:
        self._key = OctKey.import_key(key.get_secret_value())
        self._accounts = accounts
        self.lifetime_s = hours * 3600

    def issue(self, account: Account) -> str:
        """A token for ``account``, good for the session's lifetime."""
        now_s = time.time()
        claims = {"iss": ISSUER, "sub": account.username, "iat": now_s, "exp": int(now_s + self.lifetime_s)}
        return jwt.encode({"alg": "HS256"}, claims, self._key)

    def account(self, token: str) -> Account:
        """The account a token was issued for; raises :class:`Problem` (401) that says what is wrong with it."""
        try:
            claims = jwt.decode(token, self._key, algorithms=["HS256"]).claims
        except (JoseError, ValueError) as error:
            raise _unauthorised("invalid_session", "the session token is not one of ours") from error
        begins_s, ends_s = (claims.get(name) for name in ("iat", "exp"))
        if claims.get("iss") != ISSUER or not (isinstance(begins_s, int | float) and isinstance(ends_s, int | float)):
            raise _unauthorised("invalid_session", "the session token is not one of ours")
        if ends_s <= time.time():
            raise _unauthorised("session_expired", "the session has expired: log in again")
        account = self._accounts.account(str(claims.get("sub")))
        if account is None or account.disabled or begins_s < account.changed_at_s:
            raise _unauthorised("session_void", "the account was changed or disabled: log in again")
        return account


def session_key(configured: SecretStr, folder: Path) -> SecretStr:
    """The configured key, or one kept in a file of the data folder that only its owner may read."""
    if configured.get_secret_value():
        if len(configured.get_secret_value()) < SHORTEST_KEY:
            raise ValueError(f"REACH180_SECRET must have at least {SHORTEST_KEY} characters")
        return configured
    path = folder / "session.key"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        kept = path.read_text(encoding="ascii").strip()
        if len(kept) < SHORTEST_KEY:  # an empty key, left by a crash, would let anybody sign
            raise ValueError(f"{path} holds no key: delete it, and everybody logs in again") from None
        return SecretStr(kept)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        key = secrets.token_urlsafe(48)
        file.write(key)
    return SecretStr(key)


_BEARER = HTTPBearer(auto_error=False, scheme_name="token", description="For programs: the token of `log_in`.")
_COOKIE = APIKeyCookie(
    name=COOKIE, auto_error=False, scheme_name="cookie", description="For browsers: set by `log_in`."
)


def session_token(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
    cookie: Annotated[str | None, Depends(_COOKIE)],
) -> str:
    """The token of this request, not yet looked at; 401 if there is none."""
    if bearer is not None:
        return bearer.credentials
    if not cookie:
        raise _unauthorised("not_logged_in", "log in first (POST /api/v1/session)")
    if request.method not in SAFE_METHODS:
        _same_origin(request)
    return cookie


Token = Annotated[str, Depends(session_token)]


def caller(request: Request, token: Token) -> Account:
    """The account that is calling; 401 if nobody is logged in."""
    sessions: Sessions = request.app.state.engine.sessions
    return sessions.account(token)


Caller = Annotated[Account, Depends(caller)]


def needs(role: Role) -> Callable[[Account], Account]:
    """A dependency: the caller, who must have ``role`` or more."""

    def check(account: Caller) -> Account:
        if not account.role.includes(role):
            raise Problem(
                403, "forbidden", f"this needs the role {role.value}; {account.username} is {account.role.value}"
            )
        return account

    check.role = role  # type: ignore[attr-defined]  # read by the test that goes through all routes
    return check


Viewer = Annotated[Account, Depends(needs(Role.VIEWER))]
Operator = Annotated[Account, Depends(needs(Role.OPERATOR))]
Planner = Annotated[Account, Depends(needs(Role.PLANNER))]
Admin = Annotated[Account, Depends(needs(Role.ADMIN))]


def _same_origin(request: Request) -> None:
    """A browser's cookie counts for a change only from our own pages (beside SameSite=Strict)."""
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise Problem(403, "cross_origin", f"a change may not come from {origin}")


def _unauthorised(code: str, detail: str) -> Problem:
    return Problem(401, code, detail, {"WWW-Authenticate": "Bearer"})
