"""Who may do what: accounts with a role each, passwords kept as Argon2 hashes."""

import time
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, func, select, update

from dispatch.audit import Action
from dispatch.codec import to_json
from dispatch.store.appending import append_to, head_of, last_at_s, written
from dispatch.store.port import Change
from dispatch.store.schema import accounts
from dispatch.store.store import Store

SHORTEST, LONGEST = 10, 1024
"""Characters of a password. Argon2 takes any length, but nobody types a megabyte."""


_NOTHING: Mapping[str, str] = MappingProxyType({})


class AccountError(ValueError):
    """An account cannot be made or changed so; the message says why and never holds a password."""


class Role(StrEnum):
    """Each role may also do what those before it may."""

    VIEWER = "viewer"  # sees everything
    OPERATOR = "operator"  # acts on incidents and drones
    PLANNER = "planner"  # plans coverage, edits zones and bases
    ADMIN = "admin"  # everything, accounts too

    def includes(self, other: "Role") -> bool:
        """Whether whoever has this role may do what ``other`` may."""
        order = list(Role)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody who may log in. A token issued before ``changed_at_s`` (password, role, disabling) is void."""

    username: str
    role: Role
    disabled: bool
    created_at_s: float
    changed_at_s: float


class Accounts:
    """The accounts of a store. Every change stands in the log, as one that ``by`` made, and no password does."""

    def __init__(
        self,
        store: Store,
        *,
        by: str = "engine",
        hasher: PasswordHasher | None = None,
        now_s: Callable[[], float] = time.time,  # noqa: TID251 - a shell: nothing is decided on this
    ) -> None:
        self._store = store
        self._by = by
        self._hasher = hasher or PasswordHasher()
        self._now_s = now_s
        # verified where there is no such account, so that the answer takes as long as where there is one
        self._nobodys_hash = self._hasher.hash("nobody's password")

    def create(self, username: str, password: str, role: Role) -> Account:
        """A new account. Raises :class:`AccountError` for a name that is taken or a password that will not do."""
        name = _name(username)
        if not name:
            raise AccountError(f"{username!r} is no username: 1 to 64 letters, digits, or . _ - @")
        now_s = self._now_s()
        row = {
            "username": name,
            "password_hash": self._hash(password, name),
            "role": Role(role).value,
            "disabled": False,
            "created_at_s": now_s,
            "changed_at_s": now_s,
        }
        with self._store.writing() as connection:
            if _row(connection, name) is not None:
                raise AccountError(f"the username {name!r} is taken")
            connection.execute(accounts.insert(), row)
            self._log(connection, "create account", name, now_s, {"role": Role(role).value})
        return _account(row)

    def verify(self, username: str, password: str) -> Account | None:
        """The account, if the password is right and it is not disabled. Takes as long for a name nobody has."""
        name = _name(username)
        with self._store.reading() as connection:
            row = _row(connection, name)
        kept = self._nobodys_hash if row is None else row["password_hash"]
        try:
            self._hasher.verify(kept, _normal(password))
        except (VerificationError, InvalidHashError):
            return None
        if row is None or row["disabled"]:
            return None
        if self._hasher.check_needs_rehash(kept):
            self._rehash(name, kept, password)
        return _account(row)

    def account(self, username: str) -> Account | None:
        """The account of that name."""
        with self._store.reading() as connection:
            row = _row(connection, _name(username))
        return None if row is None else _account(row)

    def all(self) -> list[Account]:
        """Every account, by name."""
        with self._store.reading() as connection:
            rows = connection.execute(select(accounts).order_by(accounts.c.username)).mappings().all()
        return [_account(dict(row)) for row in rows]

    def set_password(self, username: str, password: str) -> Account:
        """Another password from now on."""
        hashed = self._hash(password, _name(username))
        return self._change(username, "change password", password_hash=hashed)

    def set_role(self, username: str, role: Role) -> Account:
        """Another role from now on; the last admin stays one."""
        return self._change(username, "change role", {"role": Role(role).value}, role=Role(role).value)

    def disable(self, username: str, disabled: bool = True) -> Account:
        """No more logging in, or again; the last admin stays enabled."""
        return self._change(username, "disable account" if disabled else "enable account", disabled=disabled)

    def _change(self, username: str, what: str, told: Mapping[str, str] = _NOTHING, **values: object) -> Account:
        name, now_s = _name(username), self._now_s()
        values["changed_at_s"] = now_s
        with self._store.writing() as connection:
            before = _admins(connection)
            connection.execute(update(accounts).where(accounts.c.username == name).values(values))
            row = _row(connection, name)
            if row is None:
                raise AccountError(f"there is no account {username!r}")
            if before and not _admins(connection):
                raise AccountError(f"{name!r} is the last admin: make another one first")
            self._log(connection, what, name, now_s, told)
        return _account(row)

    def _log(self, connection: Connection, what: str, name: str, at_s: float, told: Mapping[str, str]) -> None:
        done = Action(by=self._by, what=what, of=name, asked=to_json(told) if told else "")
        # the log of an engine faster than the wall is ahead of it, and in a log time does not go back
        change = Change(kind="action", subject_id=name, at_s=max(at_s, last_at_s(connection)), value=done)
        append_to(connection, head_of(connection), [written(change)])

    def _hash(self, password: str, name: str) -> str:
        secret = _normal(password)
        if len(secret) < SHORTEST:
            raise AccountError(f"a password has at least {SHORTEST} characters, this one has {len(secret)}")
        if len(secret) > LONGEST:
            raise AccountError(f"a password has at most {LONGEST} characters, this one has {len(secret)}")
        if len(set(secret)) < 4:
            raise AccountError("a password has at least 4 different characters")
        if secret.lower() == name:
            raise AccountError("a password is not the username")
        return self._hasher.hash(secret)

    def _rehash(self, name: str, kept: str, password: str) -> None:
        """Today's parameters for a password that has just been right; nothing if it was changed meanwhile."""
        same = (accounts.c.username == name) & (accounts.c.password_hash == kept)
        with self._store.writing() as connection:
            again = self._hasher.hash(_normal(password))
            connection.execute(update(accounts).where(same).values(password_hash=again))


def _normal(text: str) -> str:
    """One form for what looks the same, whatever keyboard it was typed on; always encodable."""
    return unicodedata.normalize("NFKC", text.encode(errors="replace").decode())


def _name(username: str) -> str:
    """The username as it is kept, or "", which nobody is called, if it can be none."""
    name = _normal(username).lower()
    good = len(name) <= 64 and all(each.isalnum() or each in "._-@" for each in name)
    return name if good else ""


def _row(connection: Connection, name: str) -> Mapping[str, Any] | None:
    found = connection.execute(select(accounts).where(accounts.c.username == name)).mappings().first()
    return None if found is None else dict(found)


def _admins(connection: Connection) -> int:
    able = (accounts.c.role == Role.ADMIN.value) & accounts.c.disabled.is_(False)
    count: int = connection.execute(select(func.count()).select_from(accounts).where(able)).scalar_one()
    return count


def _account(row: Mapping[str, Any]) -> Account:
    return Account(
        username=row["username"],
        role=Role(row["role"]),
        disabled=bool(row["disabled"]),
        created_at_s=row["created_at_s"],
        changed_at_s=row["changed_at_s"],
    )
