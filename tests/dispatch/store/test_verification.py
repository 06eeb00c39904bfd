"""Whoever changes what was written is found out, and the entry named."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, make_url, text

from dispatch.audit import Action
from dispatch.codec import to_json
from dispatch.model import IncidentStatus
from dispatch.store import Accounts, Change, Head, Role, Store, verify
from dispatch.store.chain import GENESIS, link
from dispatch.store.opening import MIGRATIONS

from .samples import change_of, decision, incident, sortie

STORY = (
    change_of(incident(), 100.0),
    change_of(replace(decision(), id="i1.1"), 100.7),
    change_of(sortie(), 100.7),
    change_of(replace(incident(), status=IncidentStatus.ASSIGNED, sortie_id="s1"), 100.7),
    Change(kind="action", subject_id="i1", at_s=101.0, value=Action(by="ann", what="release", of="i1")),
    change_of(incident("i2", 102.0), 102.0),
)


def unguarded(store: Store, *statements: str) -> None:
    """What somebody could do who owns the database: the triggers are no hindrance to him."""
    sqlite = store.engine.dialect.name == "sqlite"
    triggers = ("log_refuses_update", "log_refuses_delete", "log_has_no_gaps") if sqlite else ()
    with store.engine.begin() as connection:
        connection.exec_driver_sql(
            "PRAGMA defer_foreign_keys=ON" if sqlite else "SET session_replication_role = replica"
        )
        for trigger in triggers:
            connection.exec_driver_sql(f"DROP TRIGGER {trigger}")
        for statement in statements:
            connection.execute(text(statement))


def test_a_log_that_nobody_touched_is_whole(store: Store) -> None:
    assert verify(store).broken is None
    store.append(STORY)
    told = verify(store, Head(0, GENESIS))
    assert (told.head, told.broken) == (store.head(), None)
    assert told.head.seq == 6
    then = told.head
    store.append([change_of(incident("i3"))])
    assert verify(store, then).broken is None


@pytest.mark.parametrize(
    ("forgery", "seq", "why"),
    [
        ("UPDATE log SET body = replace(body, 'ann', 'bob') WHERE seq = 5", 5, "action 'i1' of 101.000 s is not what"),
        ("UPDATE log SET at_s = 100.5 WHERE seq = 2", 2, "decision 'i1.1'"),
        ("UPDATE log SET subject_id = 'i9' WHERE seq = 5", 5, "action 'i9'"),
        ("DELETE FROM log WHERE seq = 5", 5, "missing: entry 4 is followed by 6"),
        ("UPDATE incidents SET body = replace(body, '\"fire\"', '\"flood\"') WHERE id = 'i1'", 4, "'i1' otherwise"),
        ("DELETE FROM sorties", 3, "the table sorties tells 's1' otherwise"),
        ("UPDATE decisions SET inputs_hash = 'x'", 2, "inputs of decision 'i1.1'"),
    ],
)
def test_the_first_entry_that_was_changed_is_named(store: Store, forgery: str, seq: int, why: str) -> None:
    store.append(STORY)
    unguarded(store, forgery)
    broken = verify(store).broken
    assert broken is not None
    assert (broken.seq, why in broken.why) == (seq, True), broken


def test_a_log_cut_off_or_written_anew_is_known_by_the_hash_that_was_kept(store: Store) -> None:
    store.append(STORY)
    kept = store.head()
    before = store.read()[4].hash
    entry = Change(kind="action", subject_id="i1", at_s=101.0, value=Action(by="ann", what="cancel", of="i1"))
    body = to_json(entry.value)
    unguarded(store, "DELETE FROM incidents WHERE id = 'i2'", "DELETE FROM log WHERE seq = 6")
    assert verify(store).broken is None  # nobody can tell: it looks like a log of yesterday
    cut = verify(store, kept).broken
    assert cut is not None
    assert (cut.seq, cut.why) == (6, "it is missing: the log once ended with entry 6")
    with store.engine.begin() as connection:
        row = {"body": body, "hash": link(before, 6, 101.0, "action", "i1", body)}
        connection.execute(text("INSERT INTO log VALUES (6, 101.0, 'action', 'i1', :body, :hash)"), row)
    assert verify(store).broken is None
    anew = verify(store, kept).broken
    assert anew is not None
    assert (anew.seq, "written anew" in anew.why) == (6, True)


def test_a_log_of_an_earlier_version_gets_its_hashes_when_it_is_opened(
    url: str, open_store: Callable[[], Store], tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    engine = create_engine(make_url(url))
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for seq in range(1, 4):
            connection.execute(text(f"INSERT INTO log VALUES ({seq}, {seq}.25, 'action', 'i{seq}', '{{}}')"))
    engine.dispose()
    store = open_store()
    told = verify(store)
    assert (told.head.seq, told.broken) == (3, None)
    assert told.head.hash == link(store.read()[1].hash, 3, 3.25, "action", "i3", "{}")
    store.append(STORY)
    assert verify(store, told.head).broken is None


def test_what_is_done_with_accounts_is_in_the_log_and_no_password_is(store: Store) -> None:
    accounts = Accounts(store, by="root")
    accounts.create("ann", "correct horse", Role.ADMIN)
    accounts.create("bob", "battery staple", Role.VIEWER)
    accounts.set_password("bob", "another staple")
    accounts.set_role("bob", Role.PLANNER)
    accounts.disable("bob")
    accounts.disable("bob", disabled=False)
    bodies = [entry.body for entry in store.read(kinds=["action"])]
    assert bodies == [
        to_json(Action(by="root", what=what, of=of, asked=asked))
        for what, of, asked in (
            ("create account", "ann", '{"role":"admin"}'),
            ("create account", "bob", '{"role":"viewer"}'),
            ("change password", "bob", ""),
            ("change role", "bob", '{"role":"planner"}'),
            ("disable account", "bob", ""),
            ("enable account", "bob", ""),
        )
    ]
    assert verify(store).broken is None
