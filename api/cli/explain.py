"""``reach180 explain``: why it was decided so, and whether it would be decided so again."""

import json
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from api.cli.common import err, out, plain_errors
from api.cli.decide import WIDE, decision_table
from api.settings import Settings
from api.views.decisions import decision_view
from dispatch.city_folder import find_city, load_city
from dispatch.explain import MadeAgain, made_again
from dispatch.store import Store


@plain_errors
def explain(
    incident: Annotated[str, typer.Argument(help="an incident's id, as I-000007")],
    as_json: Annotated[bool, typer.Option("--json", help="the decisions as JSON")] = False,
) -> None:
    """Make every decision on an incident again, from what it was made on, and say whether it comes out the same.

    Exits with 1 where one does not.
    """
    settings = Settings()
    load_city(find_city(settings.city))  # its terrain and demand are no part of what is kept
    with Store.open(settings.database_url) as store:
        if store.incident(incident) is None:
            raise ValueError(f"there is no incident {incident!r} in {store.name}")
        pairs = [(kept, store.decision_inputs(kept.id)) for kept in store.decisions_of(incident)]
    lost = [kept.id for kept, inputs in pairs if inputs is None]
    if lost:
        raise ValueError(f"what {', '.join(lost)} was decided on was not kept")
    told = [made_again(kept, inputs) for kept, inputs in pairs if inputs is not None]
    if as_json:
        rows = [decision_view(each.kept).model_dump() | {"differs": each.differs} for each in told]
        out.print_json(json.dumps(rows))
    else:
        for each in told:
            _print(each)
    if any(each.differs for each in told):
        raise typer.Exit(1)


def _print(told: MadeAgain) -> None:
    console = out if out.is_terminal else Console(width=WIDE)
    at = datetime.fromtimestamp(told.kept.at_s, UTC).isoformat(timespec="milliseconds")
    console.print(f"{told.kept.id}  {at}  {told.kept.policy}  inputs {told.kept.inputs_hash}", highlight=False)
    console.print(decision_table(told.kept))
    if not told.differs:
        console.print("made again: the same, byte for byte", highlight=False)
    for what in told.differs:
        err.print(f"[bold red]made again, it differs:[/] {escape(what)}", highlight=False, soft_wrap=True)
