"""Accounts: who gets in, who does not, and that no password is ever told."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from dispatch.store import Account, AccountError, Accounts, Role, Store
from dispatch.store.schema import accounts as table

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD = "correct horse battery"


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


class CountingHasher(PasswordHasher):
    verified: tuple[str | bytes, ...] = ()

    def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # type: ignore[override]  # noqa: A002
        self.verified = (*self.verified, hash)
        return bool(super().verify(hash, password))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path}/reach180.db") as opened:
        yield opened


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def accounts(store: Store, clock: Clock) -> Accounts:
    return Accounts(store, hasher=QUICK, now_s=clock)


def kept_hash(store: Store, username: str) -> str:
    with store.reading() as connection:
        row = connection.execute(select(table.c.password_hash).where(table.c.username == username)).one()
    return str(row.password_hash)


def test_each_role_includes_those_before_it() -> None:
    assert list(Role) == [Role.VIEWER, Role.OPERATOR, Role.PLANNER, Role.ADMIN]
    for index, role in enumerate(Role):
        assert [role.includes(other) for other in Role] == [True] * (index + 1) + [False] * (3 - index)


def test_who_knows_the_password_gets_in(accounts: Accounts) -> None:
    ann = accounts.create("Ann", PASSWORD, Role.OPERATOR)
    assert ann == Account(username="ann", role=Role.OPERATOR, disabled=False, created_at_s=1000.0, changed_at_s=1000.0)
    assert accounts.verify("ann", PASSWORD) == accounts.verify("ANN", PASSWORD) == accounts.account("ann") == ann
    for wrong in ("", "correct horse batterY", PASSWORD + " ", "x" * 100_000, "\ud800"):
        assert accounts.verify("ann", wrong) is None
    for stranger in ("", "bob", "ann ", "ann' OR 1=1 --", "\ud800", "\x00", "x" * 100_000):
        assert accounts.verify(stranger, PASSWORD) is None
        assert accounts.account(stranger) is None


def test_accounts_outlive_the_process(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/reach180.db"
    with Store.open(url) as first:
        ann = Accounts(first).create("ann", PASSWORD, Role.ADMIN)
    with Store.open(url) as again:
        assert Accounts(again).verify("ann", PASSWORD) == ann


def test_one_password_however_it_is_typed(accounts: Accounts) -> None:
    accounts.create("李雷", "ﬁre café 三号楼", Role.VIEWER)
    assert accounts.verify("李雷", "fire cafe\N{COMBINING ACUTE ACCENT} 三号楼") is not None


def test_a_name_that_nobody_has_is_verified_like_any_other(store: Store) -> None:
    hasher = CountingHasher(time_cost=1, memory_cost=8, parallelism=1)
    accounts = Accounts(store, hasher=hasher)
    accounts.create("ann", PASSWORD, Role.ADMIN)
    accounts.create("bob", PASSWORD, Role.VIEWER)
    accounts.disable("bob")
    for name in ("ann", "bob", "nobody", "\x00"):
        accounts.verify(name, "a wrong password")
    parameters = {str(each).rsplit("$", 2)[0] for each in hasher.verified}
    assert len(hasher.verified) == 4
    assert len(parameters) == 1
    assert accounts.verify("nobody", "nobody's password") is None


@pytest.mark.parametrize("username", ["", "a b", "a\n", "x" * 65, "a/b", "\x00", "a\ud800"])
def test_a_username_that_is_none_is_refused(accounts: Accounts, username: str) -> None:
    with pytest.raises(AccountError, match="is no username"):
        accounts.create(username, PASSWORD, Role.VIEWER)


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("", "at least 10 characters, this one has 0"),
        ("123456789", "at least 10 characters, this one has 9"),
        ("abcde" * 205, "at most 1024 characters, this one has 1025"),
        ("abababababab", "at least 4 different"),
        ("Ann.Operator", "is not the username"),
    ],
)
def test_a_password_that_will_not_do_is_refused(accounts: Accounts, password: str, why: str) -> None:
    with pytest.raises(AccountError, match=why) as refused:
        accounts.create("ann.operator", password, Role.VIEWER)
    assert not password or password not in str(refused.value)
    accounts.create("ann.operator", PASSWORD, Role.VIEWER)
    with pytest.raises(AccountError, match=why):
        accounts.set_password("ann.operator", password)
    assert accounts.verify("ann.operator", PASSWORD) is not None


def test_a_name_is_taken_once(accounts: Accounts) -> None:
    accounts.create("ann", PASSWORD, Role.VIEWER)
    with pytest.raises(AccountError, match="'ann' is taken"):
        accounts.create("ANN", "another password", Role.ADMIN)
    assert [account.role for account in accounts.all()] == [Role.VIEWER]


def test_a_change_is_dated_so_that_older_tokens_are_void(accounts: Accounts, clock: Clock) -> None:
    accounts.create("root", PASSWORD, Role.ADMIN)
    ann = accounts.create("ann", PASSWORD, Role.VIEWER)
    clock.now_s = 2000.0
    promoted = accounts.set_role("ann", Role.PLANNER)
    assert promoted == replace(ann, role=Role.PLANNER, changed_at_s=2000.0)
    clock.now_s = 3000.0
    assert accounts.set_password("Ann", "another password") == replace(promoted, changed_at_s=3000.0)
    assert accounts.verify("ann", PASSWORD) is None
    assert accounts.verify("ann", "another password") is not None
    assert accounts.disable("ann").disabled
    assert accounts.verify("ann", "another password") is None
    assert not accounts.disable("ann", False).disabled
    assert accounts.verify("ann", "another password") is not None
    assert [account.username for account in accounts.all()] == ["ann", "root"]


def test_nobody_cannot_be_changed(accounts: Accounts) -> None:
    with pytest.raises(AccountError, match="no account 'bob'"):
        accounts.set_password("bob", PASSWORD)
    with pytest.raises(AccountError, match="no account 'bob'"):
        accounts.set_role("bob", Role.ADMIN)
    with pytest.raises(AccountError, match="no account 'bob'"):
        accounts.disable("bob")


def test_the_last_admin_stays(accounts: Accounts) -> None:
    accounts.create("viv", PASSWORD, Role.VIEWER)
    accounts.disable("viv")  # there is no admin yet, and that is not viv's doing
    accounts.create("root", PASSWORD, Role.ADMIN)
    with pytest.raises(AccountError, match="'root' is the last admin"):
        accounts.disable("root")
    with pytest.raises(AccountError, match="'root' is the last admin"):
        accounts.set_role("root", Role.OPERATOR)
    assert accounts.account("root") == accounts.verify("root", PASSWORD)
    accounts.create("two", PASSWORD, Role.ADMIN)
    assert accounts.disable("root").disabled
    with pytest.raises(AccountError, match="'two' is the last admin"):
        accounts.disable("two")


def test_a_hash_of_old_parameters_is_renewed_at_the_next_login(store: Store, accounts: Accounts) -> None:
    accounts.create("ann", PASSWORD, Role.ADMIN)
    old = kept_hash(store, "ann")
    stronger = Accounts(store, hasher=PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    assert stronger.verify("ann", "a wrong password") is None
    assert kept_hash(store, "ann") == old
    ann = stronger.verify("ann", PASSWORD)
    new = kept_hash(store, "ann")
    assert "m=16,t=2" in new
    assert new != old
    assert stronger.verify("ann", PASSWORD) == ann == accounts.account("ann")  # no token became void
    assert kept_hash(store, "ann") == new


def test_a_hash_that_is_none_lets_nobody_in(store: Store, accounts: Accounts) -> None:
    accounts.create("ann", PASSWORD, Role.ADMIN)
    with store.writing() as connection:
        connection.execute(table.update().values(password_hash="junk"))
    assert accounts.verify("ann", PASSWORD) is None


def test_no_secret_is_told_or_kept(store: Store, accounts: Accounts, tmp_path: Path) -> None:
    ann = accounts.create("ann", PASSWORD, Role.ADMIN)
    assert kept_hash(store, "ann").startswith("$argon2id$")
    for told in (repr(ann), repr(accounts), str(accounts.all()), repr(store)):
        assert "argon2" not in told
        assert PASSWORD not in told
    assert all(PASSWORD.encode() not in file.read_bytes() for file in tmp_path.iterdir())
