"""Logging in: slow to guess at, and no way to keep the engine busy."""

import asyncio
import math
import time
import unicodedata
from collections import deque
from collections.abc import Awaitable, Callable

from api.problems import Problem
from dispatch.audit import Action
from dispatch.codec import to_json
from dispatch.store import Account, Accounts

MOST_TRIES, WITHIN_S = 10, 300.0
"""So many failures of one name from one address within this time; then it must wait."""

KEPT = 10_000
"""Names with addresses that are remembered; where there are more, the oldest are forgotten."""

AT_ONCE = 2
"""Passwords verified at a time: Argon2 takes 64 MB and a processor for each, and the engine needs some too."""


class Logins:
    """Verifies passwords, a few at a time and not for ever. In memory: a restart forgets the failures.

    Who logged in is noted in the log, and who failed to under a name that there is: names that nobody has are for
    anybody to make up, and would fill the disk.
    """

    def __init__(self, accounts: Accounts, note: Callable[[Action], Awaitable[None]]) -> None:
        self._accounts = accounts
        self._note = note
        self._failures: dict[tuple[str, str], deque[float]] = {}
        self._few = asyncio.Semaphore(AT_ONCE)
        self._noting: set[asyncio.Task[None]] = set()

    async def verify(self, username: str, password: str, address: str) -> Account:
        """The account. Raises :class:`Problem`: 401 that tells not what was wrong, 429 after too many failures."""
        who = (unicodedata.normalize("NFKC", username).lower(), address)
        self._begin(who)
        async with self._few:
            account = await asyncio.to_thread(self._accounts.verify, username, password)
        if account is None:
            noting = asyncio.create_task(self._note_failure(username, address))  # the answer takes as long for any name
            self._noting.add(noting)
            noting.add_done_callback(self._noting.discard)
            raise Problem(401, "wrong_credentials", "the name or the password is wrong")
        self._failures.pop(who, None)
        await self._note(_action(account, address))
        return account

    async def _note_failure(self, username: str, address: str) -> None:
        known = await asyncio.to_thread(self._accounts.account, username)
        if known is not None:
            await self._note(_action(known, address, "disabled" if known.disabled else "wrong password"))

    def _begin(self, who: tuple[str, str]) -> None:
        """Count a try as failed until it has succeeded: many at once are as many as one after the other."""
        now_s = time.monotonic()
        tries = self._failures.setdefault(who, deque())
        while tries and tries[0] <= now_s - WITHIN_S:
            tries.popleft()
        if len(tries) >= MOST_TRIES:
            wait_s = math.ceil(tries[0] + WITHIN_S - now_s)
            detail = f"{MOST_TRIES} tries have failed: try again in {wait_s} s"
            raise Problem(429, "too_many_tries", detail, {"Retry-After": str(wait_s)})
        tries.append(now_s)
        while len(self._failures) > KEPT:
            del self._failures[next(iter(self._failures))]


def _action(account: Account, address: str, refused: str = "") -> Action:
    return Action(
        by=account.username, what="log in", of=account.username, asked=to_json({"from": address}), refused=refused
    )
