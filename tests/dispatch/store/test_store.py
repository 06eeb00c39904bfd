"""The store's contract, held by SQLite and PostgreSQL alike."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text, update
from sqlalchemy.exc import DBAPIError

from dispatch.codec import from_json, to_json
from dispatch.model import Clocks, Incident, IncidentStatus, Situation, Sortie, SortieState
from dispatch.store import (
    AlreadyDone,
    Change,
    ConflictError,
    IdempotencyMismatch,
    Store,
    StoreError,
)
from dispatch.store.schema import decisions, metadata
from geo.airspace import Geozone, Grant
from geo.wind import Wind

from .samples import HERE, SITUATION, THERE, ZONE, change_of, decision, incident, sortie, track_point

STORY = (
    change_of(incident(), 100.0),
    change_of(decision(), 100.7),
    change_of(sortie(), 100.7),
    change_of(replace(incident(), status=IncidentStatus.ASSIGNED, sortie_id="s1"), 100.7),
    Change(kind="action", subject_id="i1", at_s=101.0, value={"who": "ann", "what": "release", "why": "seen"}),
)


# ---------------------------------------------------------------- the log


def test_an_empty_store_is_empty(store: Store) -> None:
    assert store.last_seq() == 0
    assert store.read() == []
    assert [store.incident("i1"), store.sortie("s1"), store.decision("x1"), store.decision_inputs("x1")] == [None] * 4
    assert [store.open_incidents(), store.open_sorties(), store.clocks(), store.incidents()] == [[]] * 4


def test_reopening_gives_back_equal_values(open_store: Callable[[], Store]) -> None:
    first = open_store()
    assert first.append(STORY) == 5
    first.close()
    again = open_store()
    assert again.incident("i1") == STORY[3].value
    assert again.sortie("s1") == STORY[2].value
    assert again.decision("x1") == STORY[1].value
    assert again.decisions_of("i1") == [STORY[1].value]
    assert from_json(Situation, again.decision_inputs("x1") or "") == SITUATION
    assert again.open_incidents() == [STORY[3].value]
    assert again.open_sorties() == [STORY[2].value]


def test_the_log_holds_every_version_in_order(store: Store) -> None:
    store.append(STORY)
    entries = store.read()
    assert [entry.seq for entry in entries] == [1, 2, 3, 4, 5]
    assert [(entry.kind, entry.subject_id, entry.at_s, entry.body) for entry in entries] == [
        (change.kind, change.subject_id, change.at_s, to_json(change.value)) for change in STORY
    ]


def test_the_log_is_read_in_pieces(store: Store) -> None:
    store.append(STORY)
    assert [entry.seq for entry in store.read(after_seq=1, limit=2)] == [2, 3]
    assert [entry.seq for entry in store.read(kinds=["incident", "action"])] == [1, 4, 5]
    assert store.read(after_seq=5) == []
    assert store.append([]) == store.last_seq() == 5


INSERT = "INSERT INTO log (seq, at_s, kind, subject_id, body, hash) VALUES"
FORGERIES = {
    "UPDATE log SET body = '{}' WHERE seq = 1": "append-only",
    "DELETE FROM log WHERE seq = 1": "append-only",
    "DELETE FROM log": "append-only",
    f"{INSERT} (1, 0, 'action', 'i1', '{{}}', '')": "without gaps",
    f"{INSERT} (7, 0, 'action', 'i1', '{{}}', '')": "without gaps",
    f"{INSERT} (1, 0, 'action', 'i1', '{{}}', '') ON CONFLICT (seq) DO UPDATE SET body = '{{}}'": "append|gaps",
}
FORGERIES_OF = {
    "sqlite": {
        f"{INSERT.replace('INSERT', 'INSERT OR REPLACE')} (1, 0, 'action', 'i1', '{{}}', '')": "without gaps",
        f"{INSERT} (NULL, 0, 'action', 'i1', '{{}}', '')": "without gaps",
        "UPDATE OR REPLACE log SET seq = 1 WHERE seq = 2": "append-only",
    },
    "postgresql": {"TRUNCATE log CASCADE": "append-only"},
}


def test_the_log_refuses_to_be_changed_even_by_raw_sql(store: Store) -> None:
    store.append(STORY)
    before = store.read()
    for statement, why in (FORGERIES | FORGERIES_OF[store.engine.dialect.name]).items():
        with pytest.raises(DBAPIError, match=why), store.engine.begin() as connection:
            connection.execute(text(statement))
        assert store.read() == before


def test_an_append_is_kept_whole_or_not_at_all(store: Store) -> None:
    store.append(STORY)
    taken_twice = change_of(decision("x1", "i2"))
    with pytest.raises(StoreError, match="decisions"):
        store.append([change_of(incident("i2")), change_of(sortie("s2", "i2")), taken_twice])
    assert store.last_seq() == 5
    assert [store.incident("i2"), store.sortie("s2")] == [None, None]
    assert store.append([change_of(incident("i2"))]) == 6


@pytest.mark.parametrize(
    "change",
    [
        Change(kind="incident", subject_id="i2", at_s=0.0, value=sortie()),
        Change(kind="incident", subject_id="i2", at_s=0.0, value=incident("i3")),
        Change(kind="zone", subject_id="z2", at_s=0.0, value="a word"),
        Change(kind="sighting", subject_id="u1", at_s=0.0, value={}),  # type: ignore[arg-type]
    ],
)
def test_a_change_that_does_not_fit_its_kind_is_refused(store: Store, change: Change) -> None:
    with pytest.raises(StoreError, match=change.subject_id):
        store.append([change_of(incident()), change])
    assert store.last_seq() == 0


def test_who_expected_another_end_of_the_log_is_told(store: Store) -> None:
    assert store.append(STORY[:2], expected_seq=0) == 2
    with pytest.raises(ConflictError, match="at 0, but it ends at 2") as conflict:
        store.append(STORY[2:], expected_seq=0)
    assert (conflict.value.expected_seq, conflict.value.last_seq) == (0, 2)
    assert store.append(STORY[2:], expected_seq=2) == 5


def test_a_request_is_done_once(store: Store) -> None:
    assert store.done_before("key", "hash") is None
    store.append([change_of(incident())], idempotency=("key", "hash", "i1"))
    with pytest.raises(AlreadyDone) as done:
        store.append([change_of(incident("i2"))], idempotency=("key", "hash", "i2"), expected_seq=0)
    assert done.value.incident_id == store.done_before("key", "hash") == "i1"
    with pytest.raises(IdempotencyMismatch):
        store.append([change_of(incident("i2"))], idempotency=("key", "other", "i2"))
    with pytest.raises(IdempotencyMismatch):
        store.done_before("key", "other")
    assert store.last_seq() == 1
    assert store.incident("i2") is None


def test_a_request_whose_append_failed_may_be_repeated(store: Store) -> None:
    with pytest.raises(ConflictError):
        store.append([change_of(incident())], idempotency=("key", "hash", "i1"), expected_seq=9)
    assert store.append([change_of(incident())], idempotency=("key", "hash", "i1")) == 1
    with pytest.raises(ValueError, match="without anything"):
        store.append([], idempotency=("key2", "hash", "i1"))


@pytest.mark.parametrize("shared", [True, False], ids=["one store", "a store each"])
def test_threads_append_without_losing_or_mixing_anything(open_store: Callable[[], Store], shared: bool) -> None:
    one = open_store()
    two = one if shared else open_store()  # as another process would have

    def append(store: Store, name: str) -> list[int]:
        ends = []
        for number in range(40):
            id_ = f"{name}{number}"
            ends.append(store.append([change_of(incident(id_)), change_of(sortie(f"s{id_}", id_))]))
            store.add_track([track_point(float(number), drone_id=name)])
        return ends

    with ThreadPoolExecutor() as threads:
        ends = [end for ends in threads.map(append, (one, two), ("a", "b")) for end in ends]
    entries = one.read(limit=200)
    assert [entry.seq for entry in entries] == list(range(1, 161))
    assert sorted(ends) == list(range(2, 161, 2))
    pairs = zip(entries[::2], entries[1::2], strict=True)
    assert all(first.subject_id == second.subject_id[1:] for first, second in pairs)


def test_two_processes_worth_of_stores_share_one_log(open_store: Callable[[], Store]) -> None:
    one, two = open_store(), open_store()
    one.append(STORY[:1], expected_seq=0)
    with pytest.raises(ConflictError):
        two.append(STORY[1:], expected_seq=0)
    assert two.append(STORY[1:], expected_seq=two.last_seq()) == 5
    assert one.sortie("s1") == STORY[2].value


# ---------------------------------------------------------------- the latest state


def test_incidents_are_paged_newest_change_first(store: Store) -> None:
    statuses = [IncidentStatus.OPEN, IncidentStatus.CLOSED, IncidentStatus.CANCELLED, IncidentStatus.ON_SCENE]
    for number, status in enumerate(statuses):
        store.append([change_of(incident(f"i{number}", at_s=50.0 - number, status=status))])
    store.append([change_of(incident("i0", at_s=50.0))])
    everything = store.incidents()
    assert [(row.seq, row.value.id) for row in everything] == [(5, "i0"), (4, "i3"), (3, "i2"), (2, "i1")]
    assert store.incidents(limit=2) == everything[:2]
    assert store.incidents(limit=2, before_seq=4) == everything[2:]
    assert [row.value.id for row in store.incidents(IncidentStatus.CLOSED)] == ["i1"]
    over = {IncidentStatus.CLOSED, IncidentStatus.CANCELLED}
    assert [row.value.id for row in store.incidents(over)] == ["i2", "i1"]
    assert [each.id for each in store.open_incidents()] == ["i3", "i0"]  # as they were reported


def test_sorties_are_found_by_state_drone_and_incident(store: Store) -> None:
    store.append(
        [change_of(sortie("s1", "i1", SortieState.DONE)), change_of(sortie("s2", "i2", SortieState.RETURNING))]
    )
    store.append([change_of(replace(sortie("s3", "i2", SortieState.FAILED), drone_id="d2"))])
    assert [row.value.id for row in store.sorties()] == ["s3", "s2", "s1"]
    assert [row.value.id for row in store.sorties(drone_id="d1")] == ["s2", "s1"]
    assert [row.value.id for row in store.sorties(incident_id="i2", limit=1)] == ["s3"]
    assert [row.value.id for row in store.sorties(SortieState.DONE)] == ["s1"]
    assert [row.value.id for row in store.sorties({SortieState.DONE, SortieState.FAILED}, before_seq=3)] == ["s1"]
    assert [each.id for each in store.open_sorties()] == ["s2"]


def test_the_tables_say_what_the_log_says(store: Store) -> None:
    store.append(STORY)
    store.append([change_of(replace(sortie(), state=SortieState.AIRBORNE))])
    latest = {(entry.kind, entry.subject_id): entry.body for entry in store.read()}
    assert store.incident("i1") == from_json(Incident, latest["incident", "i1"])
    assert store.sortie("s1") == from_json(Sortie, latest["sortie", "s1"])


def test_inputs_that_are_not_the_decisions_are_refused(store: Store) -> None:
    other = to_json(replace(SITUATION, now_s=99.0))
    with pytest.raises(StoreError, match="'x1': these are not the inputs"):
        store.append([replace(change_of(decision()), inputs=other)])
    without = replace(change_of(decision()), inputs=None)
    store.append([without])
    assert store.decision("x1") == decision()
    assert store.decision_inputs("x1") is None


@pytest.mark.parametrize("column", ["inputs", "inputs_hash"])
def test_inputs_that_were_damaged_are_not_given_out(store: Store, column: str) -> None:
    store.append([change_of(decision())])
    with store.engine.begin() as connection:
        connection.execute(update(decisions).values({column: b"junk" if column == "inputs" else "junk"}))
    with pytest.raises(StoreError, match="'x1' are"):
        store.decision_inputs("x1")


def test_facts_hold_until_they_are_ended(store: Store) -> None:
    def fact(kind: str, subject_id: str, value: object) -> Change:
        return Change(kind=kind, subject_id=subject_id, at_s=1.0, value=value)  # type: ignore[arg-type]

    store.append([fact("zone", "z1", ZONE), fact("withdrawal", "d1", "propeller"), fact("weather", "city", Wind(3.0))])
    wider = replace(ZONE, margin_m=50.0)
    store.append([fact("zone", "z1", wider), fact("weather", "city", Wind(4.0, 90.0))])
    assert store.facts("zone", Geozone) == {"z1": wider}
    assert store.facts("withdrawal", str) == {"d1": "propeller"}
    assert store.facts("weather", Wind) == {"city": Wind(4.0, 90.0)}
    leave = Grant(id="g1", zone_id="z1", authority="tower", reference="7", from_s=0.0, until_s=9.0)
    revoked = replace(leave, revoked_at_s=3.0, revoked_by="planner")
    store.append([fact("grant", "g1", leave)])
    assert store.facts("grant", Grant) == {"g1": leave}
    store.append([fact("grant", "g1", revoked)])
    assert store.facts("grant", Grant) == {"g1": revoked}
    store.append([fact("zone_lifted", "z1", {"why": "match over"}), fact("withdrawal", "d1", None)])
    assert [store.facts("zone", Geozone), store.facts("withdrawal", str)] == [{}, {}]
    assert store.last_seq() == 9


def test_clocks_are_those_of_the_latest_version(store: Store) -> None:
    clocks = Clocks(reported_at_s=10.0, decided_at_s=11.0, launched_at_s=20.0, on_scene_at_s=90.5)
    store.append([change_of(incident("i1", 30.0)), change_of(incident("i2", 10.0))])
    store.append([change_of(replace(incident("i2"), clocks=clocks, status=IncidentStatus.ON_SCENE))])
    two, one = store.clocks()
    assert (two.id, two.clocks, two.status, two.position) == ("i2", clocks, IncidentStatus.ON_SCENE, THERE)
    assert (one.id, one.type, one.priority, one.source) == ("i1", "fire", 1, "operator")
    assert store.clocks(from_s=10.0, until_s=30.0) == [two]
    assert store.clocks(from_s=10.5) == [one]


def test_tracks_are_found_by_drone_and_by_sortie(store: Store) -> None:
    points = [track_point(float(at_s), sortie_id="s1" if at_s < 5 else None) for at_s in range(10)]
    store.add_track(points)
    store.add_track([replace(points[3], position=HERE), track_point(3.0, drone_id="d2", sortie_id="s2")])
    store.add_track([])
    assert store.track(drone_id="d1") == points  # what was there stays
    assert store.track(sortie_id="s1") == points[:5]
    assert store.track(drone_id="d1", from_s=2.0, until_s=6.0) == points[2:7]
    assert store.track(drone_id="d1", from_s=2.0, limit=2) == points[2:4]
    assert store.forget_tracks(before_s=8.0) == 9
    assert store.track(drone_id="d1") == points[8:]
    with pytest.raises(ValueError, match="one drone_id or of one sortie_id"):
        store.track()


def test_words_about_the_store_are_kept(store: Store) -> None:
    assert store.meta("city") is None
    store.set_meta("city", "kunshan")
    store.set_meta("city", "desert")
    assert store.meta("city") == "desert"


# ---------------------------------------------------------------- the schema


def test_the_migrations_make_the_tables_that_the_code_declares(store: Store) -> None:
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_every_index_serves_a_name_of_its_own(store: Store) -> None:
    names = [index.name for table in metadata.tables.values() for index in table.indexes]
    assert len(names) == len(set(names))
