"""One process dispatches at a time, and whoever was superseded writes nothing more."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from sqlalchemy import text

from dispatch.audit import Action
from dispatch.codec import from_json
from dispatch.store import Lead, Store, SupersededError, take_lead

from .samples import change_of, incident

HOLD = """
import sys, time
from dispatch.store import Store, take_lead
lead = take_lead(Store.open(sys.argv[1]), 1.0)
print("leads" if lead else "does not", flush=True)
time.sleep(60)
"""


def lead_of(store: Store, at_s: float = 1.0) -> Lead:
    lead = take_lead(store, at_s)
    assert lead is not None
    return lead


def test_one_leads_and_the_log_says_who(open_store: Callable[[], Store]) -> None:
    first, second = open_store(), open_store()
    lead = lead_of(first)
    assert (lead.term, lead.kept()) == (1, True)
    assert take_lead(second, 2.0) is None
    assert second.term is None
    assert second.append([change_of(incident("by-the-way"))]) == 2  # who does not dispatch may still write
    lead.release()
    after = lead_of(second, 5.0)
    assert (after.term, after.kept(), lead.kept()) == (2, True, False)
    done = [(entry.at_s, from_json(Action, entry.body)) for entry in first.read(kinds=["action"])]
    assert [(at_s, each.what, each.of) for at_s, each in done] == [
        (1.0, "take the lead", "term 1"),
        (100.0, "take the lead", "term 2"),  # not before the incident that is ahead of it in the log
    ]
    assert str(os.getpid()) in done[0][1].by
    after.release()


def test_who_was_superseded_writes_nothing(open_store: Callable[[], Store]) -> None:
    first, second = open_store(), open_store()
    lead_of(first).release()  # as where the lock is lost and nobody has told the process yet
    lead = lead_of(second)
    before = second.last_seq()
    with pytest.raises(SupersededError, match="the lead of term 1 is over"):
        first.append([change_of(incident("too-late"))])
    assert (second.last_seq(), second.incident("too-late")) == (before, None)
    assert second.append([change_of(incident("in-time"))]) == before + 1
    lead.release()


def test_the_lead_of_a_killed_process_can_be_taken(url: str, open_store: Callable[[], Store]) -> None:
    store = open_store()
    with subprocess.Popen([sys.executable, "-c", HOLD, url], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == "leads"
        assert take_lead(store, 2.0) is None
        holder.send_signal(signal.SIGKILL)
    until_s = time.monotonic() + 10
    while (lead := take_lead(store, 2.0)) is None:
        assert time.monotonic() < until_s
        time.sleep(0.05)
    assert lead.term == 2
    lead.release()


def test_a_session_that_was_cut_is_taken_up_again_unless_another_led(open_store: Callable[[], Store]) -> None:
    first, second, other = open_store(), open_store(), open_store()
    if first.engine.dialect.name == "sqlite":
        pytest.skip("a file's lock is not cut")
    lead = lead_of(first)

    def cut() -> None:
        with other.engine.begin() as connection:
            held = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = 181"
            assert connection.execute(text(held)).scalar_one()

    cut()
    assert lead.kept()
    assert first.append([change_of(incident())]) == 2
    cut()
    usurper = lead_of(second)
    assert (lead.kept(), usurper.kept()) == (False, True)
    usurper.release()
    assert not lead.kept()  # the lock is free, and it was another's meanwhile all the same
    lead_of(second).release()
