"""``reach180 audit``: who did what, and whether the log is still what was written."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.markup import escape

from api.cli.common import err, out, plain_errors
from api.settings import Settings
from dispatch.audit import Action
from dispatch.codec import from_json
from dispatch.store import Head, Store
from dispatch.store import verify as verify_store

app = typer.Typer(help="The log: who did what, and whether it was changed since.", no_args_is_help=True)

PAGE = 1000


@app.command("verify")
@plain_errors
def verify(
    known: Annotated[
        str | None, typer.Option(help="where the log once ended, as `reach180 audit head` told: NUMBER:HASH")
    ] = None,
) -> None:
    """Look whether every entry is what was written; name the first that is not, and exit with 1."""
    head = None if known is None else _head(known)
    with _store() as store:
        told = verify_store(store, head)
    if told.broken is not None:
        err.print(f"[bold red]entry {told.broken.seq}:[/] {escape(told.broken.why)}", highlight=False, soft_wrap=True)
        raise typer.Exit(1)
    out.print(f"{told.head.seq} entries, all as they were written", highlight=False)
    out.print(f"{told.head.seq}:{told.head.hash}", highlight=False, soft_wrap=True)


@app.command("head")
@plain_errors
def head() -> None:
    """Where the log ends: keep this elsewhere, so that a log that was cut off or written anew is found out."""
    with _store() as store:
        last = store.head()
    out.print(f"{last.seq}:{last.hash}", highlight=False, soft_wrap=True)


@app.command("list")
@plain_errors
def show(
    by: Annotated[str | None, typer.Option(help="of this account only")] = None,
    of: Annotated[str | None, typer.Option(help="about this incident, sortie, drone, zone or account only")] = None,
) -> None:
    """List who did what: time, by whom, what, of what, and what else was asked, separated by tabs."""
    after = 0
    with _store() as store:
        while entries := store.read(after_seq=after, limit=PAGE, kinds=["action"]):
            after = entries[-1].seq
            for entry in entries:
                done = from_json(Action, entry.body)
                if by not in (None, done.by) or of not in (None, done.of):
                    continue
                at = datetime.fromtimestamp(entry.at_s, UTC).isoformat(timespec="milliseconds")
                refused = f"refused: {done.refused}" if done.refused else ""
                cells = (str(entry.seq), at, done.by, done.what, done.of, done.asked, refused)
                typer.echo("\t".join(cells).rstrip("\t"))  # rich makes spaces of tabs


def _head(text: str) -> Head:
    number, colon, hash_ = text.partition(":")
    if not (colon and number.isascii() and number.isdigit() and len(hash_) == 64):
        raise ValueError(f"{text!r} is not NUMBER:HASH, as `reach180 audit head` tells it")
    return Head(int(number), hash_)


def _store() -> Store:
    return Store.open(Settings().database_url)
