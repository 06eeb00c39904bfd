"""``reach180 decide``: one decision from a scenario file."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from api.cli.common import out, plain_errors
from api.scenario import load_scenario
from api.views.decisions import decision_view
from dispatch.codec import fingerprint
from dispatch.decide import decide as decide_now
from dispatch.model import Decision

WIDE = 160


@plain_errors
def decide(
    scenario: Annotated[Path, typer.Argument(help="a scenario file, JSON or TOML")],
    as_json: Annotated[bool, typer.Option("--json", help="the decisions as JSON")] = False,
) -> None:
    """Say who goes to each incident of a scenario, and why each other does not."""
    situation = load_scenario(scenario)
    decisions = decide_now(situation)
    if as_json:
        inputs_hash = fingerprint(situation)
        views = [decision_view(d).model_dump() | {"inputs_hash": inputs_hash} for d in decisions]
        out.print_json(json.dumps(views))
        return
    # Into a file or a pipe, the table is not squeezed into a terminal of 80 columns that is not there.
    console = out if out.is_terminal else Console(width=WIDE)
    for decision in decisions:
        console.print(decision_table(decision))


def decision_table(decision: Decision) -> Table:
    """Every drone of a decision, able or out."""
    table = Table(title=f"{decision.incident_id}: {decision.why}", title_justify="left")
    for name in ("drone", "s"):
        table.add_column(name, justify="right" if name == "s" else "left")
    for name in ("turnout", "cruise", "arrive", "km", "spare Wh"):
        table.add_column(name, justify="right")
    table.add_column("why not", overflow="fold")
    table.add_column("what would change that", overflow="fold")
    for option in decision.options:
        time = option.time
        cells = [f"[bold green]{option.drone_id}[/]" if option.drone_id == decision.drone_id else option.drone_id]
        if time is not None and option.distance_m is not None and option.spare_wh is not None:
            cells += [f"{time.total_s:.1f}", f"{time.turnout_s:.1f}", f"{time.cruise_s:.1f}", f"{time.arrive_s:.1f}"]
            cells += [f"{option.distance_m / 1000:.2f}", f"{option.spare_wh:.0f}"]
        else:
            cells += ["–"] * 6
        cells += [option.out.text, option.out.change] if option.out else ["", ""]
        table.add_row(*cells)
    return table
