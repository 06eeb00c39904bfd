"""A simulation asked for over HTTP: what the request may say, and the study that comes of it."""

import math
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from api.intake import Strict
from api.simulating.ground import BUSY_S, SPREAD, GroundSource, GroundSourceError, ground_source
from api.simulating.study import REPLICATIONS, CallSource, Study
from dispatch.demand import CELL_M
from simulator.city.outages import NO_OUTAGES, Outages
from simulator.city.run import NO_TROUBLE, Trouble

CALLS, LAYOUT, STATIONS, WIND_ROSE, WEATHER, PLANS = "calls", "layout", "stations", "wind_rose", "weather", "plans"
"""The inputs of a simulation: files that are uploaded, and the layouts of plans that are known. Also where a fault
lies."""

UPLOADS = (CALLS, LAYOUT, STATIONS, WIND_ROSE, WEATHER)

Word = Annotated[str, Field(min_length=1, max_length=200)]


class SimulationIn(Strict):
    """What is to be simulated. Flat, so that one form, one JSON body and one part of a multipart body can hold it."""

    name: str = Field("", description="for the list of jobs", max_length=200)
    city: bool = Field(True, description="the city with the bases and drones that it has")
    plans: list[Word] = Field([], description="jobs of the kind `plan` whose layouts are simulated", max_length=10)
    policies: list[Word] = Field(description="see docs/simulate.md", min_length=1, max_length=10)
    replications: int = Field(REPLICATIONS, ge=1, le=1000)
    seed: int = Field(1, description="what all chance hangs on", ge=0, le=2**31)
    share: float = Field(0.9, description="share of incidents that is promised", gt=0, le=1)
    begins: str | None = Field(None, description="first measured local day or time, ISO 8601", max_length=40)
    ends: str | None = Field(None, description="end of what is measured", max_length=40)
    days: float | None = Field(None, description="how long is measured; 28, or as long as the records", gt=0, le=3660)
    warm_up_h: float = Field(24.0, description="simulated before that and not measured", ge=0, le=8760)
    growth: float = Field(1.0, description="so many times the calls, where they are drawn", gt=0, le=1000)
    replay: bool = Field(False, description="replay uploaded calls; else they are drawn from a model fitted to them")
    calls_datum: str | None = Field(None, description="of uploaded calls that state none", max_length=40)
    calls_time_zone: str | None = Field(None, description="of their times that state none; the city's", max_length=60)
    wind: str | None = Field(None, description="m/s@degrees that it blows from; the city's if not given", max_length=40)
    cell_m: float = Field(CELL_M, description="calls lie on the middles of cells of this size", ge=50, le=20_000)
    refused_share: float = Field(0.0, description="of launches", ge=0, le=1)
    lost_per_hour: float = Field(0.0, description="drones, of flight on the way out", ge=0)
    repair_s: float = Field(NO_TROUBLE.repair_s, description="how long a lost drone is missing", ge=0)
    drone_fails_after_h: float | None = Field(None, description="on the ground, on average; never", gt=0)
    drone_repair_h: float = Field(NO_OUTAGES.drone_repair_h, description="how long it is then out, on average", gt=0)
    dock_fails_after_h: float | None = Field(None, description="on average; never", gt=0)
    dock_repair_h: float = Field(NO_OUTAGES.dock_repair_h, description="how long it is then out, on average", gt=0)
    stations: Literal["candidates", "records"] | None = Field(
        None, description="where ground units stand, if no file tells it: the city's sites, or fitted to uploaded calls"
    )
    stations_datum: str | None = Field(None, description="of an uploaded file of stations that states none")
    turnout_s: float | None = Field(None, description="of ground units, from the report", ge=0)
    road_mps: float | None = Field(None, description="of ground units, along the road", gt=0)
    road_spread: float | None = Field(None, description=f"of their times (deviation of the logarithm); {SPREAD}", ge=0)
    unit_busy_s: float | None = Field(None, description=f"how long a ground unit works on scene; {BUSY_S:g}", ge=0)
    regret: bool = Field(False, description="how far each policy stays behind who knew all calls; takes long")
    workers: int = Field(1, description="processes that work at it; the server sets a limit", ge=1)
    patience_s: float | None = Field(None, description="who has waited longer for a drone is given up", ge=0)
    most_in_air: int | None = Field(None, description="drones in the air at once: pilots times drones for each", ge=1)
    record: bool = Field(True, description="keep each incident of the first replication, of each layout and policy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """What a simulation reads."""

    calls: Path | None
    stations: Path | None
    wind_rose: Path | None
    weather: Path | None
    layouts: tuple[Path, ...]


def study_of(asked: SimulationIn, city: str, files: Files) -> Study:
    """The study over files that are there. Raises :class:`~api.simulating.study.SimulationError` and
    :class:`~api.simulating.ground.GroundSourceError`."""
    return Study(
        plans=(*((city,) if asked.city else ()), *map(str, files.layouts)),
        policies=tuple(asked.policies),
        city=city,
        calls=None
        if files.calls is None
        else CallSource(
            path=files.calls, fitted=not asked.replay, datum=asked.calls_datum, time_zone=asked.calls_time_zone
        ),
        growth=asked.growth,
        begins=asked.begins,
        ends=asked.ends,
        days=asked.days,
        warm_up_s=3600.0 * asked.warm_up_h,
        replications=asked.replications,
        seed=asked.seed,
        promised=asked.share,
        wind=asked.wind,
        wind_rose=files.wind_rose,
        weather=files.weather,
        ground=_ground(asked, files.stations),
        trouble=Trouble(
            refused_share=asked.refused_share,
            lost_per_hour=asked.lost_per_hour,
            repair_s=asked.repair_s,
            most_in_air=NO_TROUBLE.most_in_air if asked.most_in_air is None else asked.most_in_air,
            patience_s=NO_TROUBLE.patience_s if asked.patience_s is None else asked.patience_s,
        ),
        outages=Outages(
            drone_fails_after_h=math.inf if asked.drone_fails_after_h is None else asked.drone_fails_after_h,
            drone_repair_h=asked.drone_repair_h,
            dock_fails_after_h=math.inf if asked.dock_fails_after_h is None else asked.dock_fails_after_h,
            dock_repair_h=asked.dock_repair_h,
        ),
        regret=asked.regret,
        cell_m=asked.cell_m,
    )


def files_of(inputs: Collection[str], folder: Path) -> Files:
    """Which of ``inputs`` (paths below ``folder``) is what; layouts in their order."""
    one = {which: next((folder / name for name in inputs if name.startswith(f"{which}/")), None) for which in UPLOADS}
    layouts = tuple(folder / name for name in sorted(inputs) if name.startswith((f"{LAYOUT}/", f"{PLANS}/")))
    return Files(
        calls=one[CALLS],
        stations=one[STATIONS],
        wind_rose=one[WIND_ROSE],
        weather=one[WEATHER],
        layouts=layouts,
    )


def _ground(asked: SimulationIn, file: Path | None) -> GroundSource | None:
    if file is not None and asked.stations is not None:
        raise GroundSourceError("ground units: send a file of stations or name stations, not both")
    return ground_source(
        asked.stations if file is None else file,
        datum=asked.stations_datum,
        turnout_s=asked.turnout_s,
        road_mps=asked.road_mps,
        spread=asked.road_spread,
        busy_s=asked.unit_busy_s,
    )
