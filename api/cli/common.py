"""What commands share: output, logging, errors that end a command with words instead of a traceback."""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from api.problems import Problem
from dispatch.city import CityError
from dispatch.codec import CodecError
from dispatch.demand import CallsError
from dispatch.fleet import VehicleError
from dispatch.kpi import StageTimes, Watches
from dispatch.store import AccountError, StoreError
from simulator.record_table import RecordsError

P = ParamSpec("P")
R = TypeVar("R")

out = Console()
err = Console(stderr=True)

EXPECTED = (
    AccountError,
    CallsError,
    CityError,
    CodecError,
    OSError,
    Problem,
    RecordsError,
    StoreError,
    ValueError,
    VehicleError,
)


def plain_errors(command: Callable[P, R]) -> Callable[P, R]:
    """An error of the outside world ends the command with exit code 2 and one line that says what and where."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except EXPECTED as error:
            err.print(f"[bold red]error:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
            raise typer.Exit(2) from error

    return wrapped


def watched_sentence(told: Watches) -> str:
    """Reliefs and gaps in one line; empty where every point was watched by one drone from beginning to end."""
    if told.watched_share is None or not (told.reliefs or told.gaps):
        return ""
    return (
        f"{told.reliefs} reliefs in {told.count} watches; nobody watched in {told.gaps} gaps, the longest "
        f"{told.longest_gap_s:.0f} s; watched {told.watched_share:.1%} of the time"
    )


def clocks_table(stages: tuple[StageTimes, ...], title: str) -> Table:
    """Medians and 90th percentiles of every clock."""
    table = Table(title=title)
    table.add_column("from the report until")
    for name in ("n", "median", "P90", "max"):
        table.add_column(name, justify="right")
    for stage in stages:
        times = [f"{value:,.1f} s" if stage.count else "–" for value in (stage.median_s, stage.p90_s, stage.max_s)]
        table.add_row(stage.name, str(stage.count), *times)
    return table
