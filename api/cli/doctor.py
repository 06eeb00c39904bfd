"""``reach180 doctor``: what is wrong, with the remedy."""

import asyncio
import dataclasses
import json
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from api.cli.common import out, plain_errors
from api.doctor import LISTEN_S, examine
from api.logs import configure_logging
from api.settings import Settings
from dispatch.preflight import Verdict

MARKS = {
    Verdict.OK: "[green]ok[/]",
    Verdict.WARN: "[yellow]look[/]",
    Verdict.FAIL: "[bold red]WRONG[/]",
    Verdict.UNKNOWN: "[dim]not told[/]",
}


@plain_errors
def doctor(
    city: Annotated[str | None, typer.Option(help="a built-in city's name or a city folder")] = None,
    connection: Annotated[list[str] | None, typer.Option(help="connection string of real vehicles")] = None,
    listen_s: Annotated[float, typer.Option(min=1.0, max=600.0, help="how long to listen on every link")] = LISTEN_S,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Look at the machine, the city, the links and every drone. Sends no flight command. Exit code 1: something is
    wrong."""
    configure_logging()
    settings = Settings()
    given = {"city": city, "connections": connection}
    settings = settings.model_copy(update={name: value for name, value in given.items() if value is not None})
    findings = asyncio.run(examine(settings, listen_s))
    if as_json:
        typer.echo(json.dumps([dataclasses.asdict(finding) for finding in findings], ensure_ascii=False, indent=2))
    else:
        table = Table(show_lines=False)
        for name in ("", "what", "found", "remedy"):
            table.add_column(name, overflow="fold")
        for one in findings:
            table.add_row(MARKS[one.verdict], f"{one.area}: {escape(one.what)}", escape(one.told), escape(one.remedy))
        out.print(table)
    raise typer.Exit(1 if any(finding.verdict is Verdict.FAIL for finding in findings) else 0)
