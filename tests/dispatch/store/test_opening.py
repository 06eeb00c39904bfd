"""SQLite on a real disk: what opens, what does not and says why, and what a kill leaves behind."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from dispatch.codec import to_json
from dispatch.store import Store, StoreError, opening

from .samples import change_of, incident


def url_of(path: Path) -> str:
    return f"sqlite:///{path}"


def test_the_directory_is_made_and_the_disk_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "data" / "reach180.db"
    with Store.open(url_of(path)) as store, store.engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}
    assert path.is_file()


def test_a_missing_parent_is_named(tmp_path: Path) -> None:
    path = tmp_path / "no disk here" / "data" / "reach180.db"
    with pytest.raises(StoreError, match=r"reach180\.db: the directory .*no disk here does not exist"):
        Store.open(url_of(path))


def test_a_file_in_the_place_of_a_directory_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(StoreError, match=r"reach180\.db: cannot make the directory .*data"):
        Store.open(url_of(tmp_path / "data" / "reach180.db"))


def test_a_directory_in_the_place_of_the_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is a directory, not a database file"):
        Store.open(url_of(tmp_path))


def test_a_file_that_is_no_database_is_named_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("these are my notes\n" * 100)
    with pytest.raises(StoreError, match=r"notes\.txt: file is not a database"):
        Store.open(url_of(path))
    assert path.read_text().startswith("these are my notes")


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only to root")
def test_what_may_not_be_written_is_named(tmp_path: Path) -> None:
    path = tmp_path / "reach180.db"
    Store.open(url_of(path)).close()
    path.chmod(0o444)
    with pytest.raises(StoreError, match=r"reach180\.db: .*(readonly|cannot be written)"):
        Store.open(url_of(path))
    tmp_path.chmod(0o555)
    try:
        with pytest.raises(StoreError, match=r"other\.db: .*unable to open"):
            Store.open(url_of(tmp_path / "other.db"))
        with pytest.raises(StoreError, match=r"cannot make the directory .*Permission denied"):
            Store.open(url_of(tmp_path / "data" / "reach180.db"))
    finally:
        tmp_path.chmod(0o755)


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "map.gpkg"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE features (id)")
    with pytest.raises(StoreError, match=r"map\.gpkg: is the database of another program"):
        Store.open(url_of(path))
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("features",)]


def test_a_later_versions_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "reach180.db"
    Store.open(url_of(path)).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    with pytest.raises(StoreError, match=r"reach180\.db: was written by a later version"):
        Store.open(url_of(path))


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite:///file:x?mode=memory&uri=true"])
def test_what_does_not_outlive_the_process_is_refused(url: str) -> None:
    with pytest.raises(StoreError, match="name a file"):
        Store.open(url)


def test_a_url_that_is_none_is_refused_without_its_password() -> None:
    with pytest.raises(StoreError, match="not a database URL"):
        Store.open("reach180.db")
    with pytest.raises(StoreError, match="only SQLite and PostgreSQL") as refused:
        Store.open("mysql://ann:secret@host/db")
    assert "secret" not in str(refused.value)


def test_another_processs_lock_is_waited_for_and_then_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "BUSY_S", 0.05)
    path = tmp_path / "reach180.db"
    with Store.open(url_of(path)) as store, closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match=r"reach180\.db: database is locked"):
            store.append([change_of(incident())])
        assert store.last_seq() == 0  # readers do not wait
        other.rollback()
        assert store.append([change_of(incident())]) == 1


WRITER = """
import sys
from dispatch.store import Store
from tests.dispatch.store.samples import change_of, incident, sortie

store = Store.open(sys.argv[1])
first = store.last_seq() // 2
for number in range(first, first + 100_000):
    id_ = f"i{number}"
    print(store.append([change_of(incident(id_)), change_of(sortie(f"s{number}", id_))]), flush=True)
"""


def acknowledged(url: str, enough: int) -> Iterator[int]:
    """What a writer acknowledges until it is killed in the midst of its work."""
    root = Path(__file__).parents[3]
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, url], cwd=root, stdout=subprocess.PIPE, text=True, env=os.environ
    )
    assert writer.stdout is not None
    with writer, writer.stdout as lines:
        for count, line in enumerate(lines):
            if count == enough:
                writer.send_signal(signal.SIGKILL)
            if line.endswith("\n"):  # what it said after the shot and before its death counts too
                yield int(line)


def test_a_killed_writer_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    url, last = url_of(tmp_path / "reach180.db"), 0
    for enough in (3, 40, 17):
        seqs = list(acknowledged(url, enough))
        assert len(seqs) > enough
        assert seqs == list(range(last + 2, seqs[-1] + 1, 2))
        with Store.open(url) as store:
            last = store.last_seq()
            entries = store.read(limit=10_000)
            incidents = {row.value.id: row for row in store.incidents(limit=10_000)}
            sorties = {row.value.id: row for row in store.sorties(limit=10_000)}
        assert last in (seqs[-1], seqs[-1] + 2)  # one more may have been kept but not said
        assert [entry.seq for entry in entries] == list(range(1, last + 1))
        assert len(incidents) == len(sorties) == last // 2
        for entry in entries:
            row = (incidents if entry.kind == "incident" else sorties)[entry.subject_id]
            assert (row.seq, to_json(row.value)) == (entry.seq, entry.body)
