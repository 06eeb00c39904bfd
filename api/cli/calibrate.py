"""``reach180 calibrate``: an airframe's figures out of PX4 flight logs."""

import dataclasses
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.table import Table

from api.cli.common import out, plain_errors
from api.flight_log import read_ulog
from dispatch.city_folder import builtin_airframes
from geo.airframe import Airframe, parse_airframes
from geo.calibration import Calibration, CalibrationError, said_again, wind_of
from geo.calibration import calibrate as fitted


@plain_errors
def calibrate(
    logs: Annotated[list[Path], typer.Argument(help="PX4 flight logs (.ulg) of one airframe")],
    airframe: Annotated[str, typer.Option(help="the entry to begin with: what the logs do not show is kept of it")],
    name: Annotated[str | None, typer.Option(help="name of the new entry; the old one's with -calibrated")] = None,
    known: Annotated[Path | None, typer.Option(help="airframes.toml that holds --airframe; the built-in ones")] = None,
    to: Annotated[Path | None, typer.Option("--out", help="airframes.toml to write or add the entry to")] = None,
    check: Annotated[
        list[Path] | None, typer.Option(help="a log that is not fitted: how well the entry says it; may be repeated")
    ] = None,
) -> None:
    """Fit an airframe entry to PX4 flight logs: medians with their spread, and what could not be fitted, with why."""
    airframes = parse_airframes(known.read_text(encoding="utf-8")) if known else builtin_airframes()
    if airframe not in airframes:
        raise CalibrationError(f"no airframe {airframe!r}; known: {', '.join(sorted(airframes))}")
    new = name or f"{airframe}-calibrated"
    before = to.read_text(encoding="utf-8") if to and to.exists() else ""
    if new in parse_airframes(before):
        raise CalibrationError(f"{to}: has an airframe {new!r} already; give another --name")
    base, read = airframes[airframe], [read_ulog(path) for path in logs]
    others = [read_ulog(path) for path in check or ()]
    found = fitted(read, base, new)
    entry = toml_entry(dataclasses.replace(found.airframe, source=_source(logs, base, found)))
    parse_airframes(entry)
    out.print(_table(found, base))
    wind = wind_of(read)
    if wind is not None:
        out.print(
            f"wind as the autopilot estimated it: {wind[0]:.1f} ± {wind[2]:.1f} m/s from {wind[1]:.0f}°, n {wind[3]}"
        )
    out.print(_said("straight flights said again", found.errors_share))
    if others:
        out.print(_said("straight flights of other logs said", said_again(others, found.airframe)))
        out.print(_said(f"the same by {base.name}", said_again(others, base)))
    if to:
        to.write_text(before + ("\n" if before else "") + entry, encoding="utf-8")
        out.print(f"written: {new} in {to}")
    else:
        out.print(entry, markup=False, highlight=False, soft_wrap=True)


def toml_entry(airframe: Airframe) -> str:
    """The airframe as a table of an airframes.toml."""
    fields = [field.name for field in dataclasses.fields(Airframe) if field.name not in ("name", "wing")]
    lines = [f"[{_key(airframe.name)}]", *(f"{name} = {_toml(getattr(airframe, name))}" for name in fields)]
    if airframe.wing is not None:
        wing = dataclasses.asdict(airframe.wing)
        lines += ["", f"[{_key(airframe.name)}.wing]", *(f"{name} = {_toml(value)}" for name, value in wing.items())]
    return "\n".join(lines) + "\n"


def _key(name: str) -> str:
    bare = name.replace("-", "").replace("_", "")
    return name if bare.isascii() and bare.isalnum() else json.dumps(name, ensure_ascii=False)


def _toml(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(_toml(item) for item in value)}]"
    if isinstance(value, float):
        return repr(round(value, 4))
    return json.dumps(value, ensure_ascii=False)


def _source(logs: list[Path], base: Airframe, found: Calibration) -> str:
    names = ", ".join(path.name for path in logs)
    done = [fit for fit in found.fits if fit.value is not None and fit.samples]
    told = ", ".join(f"{fit.field} ±{fit.spread:.2g} (n {fit.samples})" for fit in done)
    return f"reach180 calibrate of {names} [S]: {told}; rest as {base.name}: {base.source}"


def _said(what: str, errors_share: Sequence[float]) -> str:
    if not errors_share:
        return f"no {what}"
    rms = math.sqrt(float(np.mean(np.square(errors_share))))
    return f"{len(errors_share)} {what}: RMS error {rms:.1%}, worst {max(errors_share, key=abs):+.1%}"


def _table(found: Calibration, base: Airframe) -> Table:
    table = Table(title=f"{found.airframe.name}, begun with {base.name}")
    for title in ("field", "was", "is", "±", "n", ""):
        table.add_column(title, justify="left" if title in ("field", "") else "right")
    for fit in found.fits:
        was = getattr(base, fit.field)
        value = "kept" if fit.value is None else f"{fit.value:.3g}"
        spread = "" if fit.value is None else f"{fit.spread:.2g}"
        table.add_row(fit.field, f"{was:.3g}", value, spread, str(fit.samples), fit.note)
    return table
