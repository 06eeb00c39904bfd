"""The command line ``reach180``: one file per command."""

import typer

from api.cli import (
    account,
    audit,
    basemap,
    calibrate,
    certify,
    city,
    decide,
    doctor,
    drill,
    explain,
    field,
    plan,
    replay,
    serve,
    simulate,
    sitl,
    watch,
    zones,
)

app = typer.Typer(
    name="reach180",
    help="The nearest able drone over any point of a city in 180 s, with reasons.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command("demo")(serve.demo)
app.command("serve")(serve.serve)
app.command("doctor")(doctor.doctor)
app.command("decide")(decide.decide)
app.command("explain")(explain.explain)
app.command("replay")(replay.replay)
app.command("drill")(drill.drill)
app.command("sitl")(sitl.sitl)
app.command("certify")(certify.certify)
app.command("field")(field.field)
app.command("plan")(plan.plan)
app.command("simulate")(simulate.simulate)
app.command("watch")(watch.watch)
app.command("calibrate")(calibrate.calibrate)
app.command("basemap")(basemap.basemap)
app.command("city")(city.city)
app.command("zones")(zones.zones)
app.add_typer(account.app, name="account")
app.add_typer(audit.app, name="audit")


def main() -> None:
    """Run the command line."""
    app()
