"""Recorded runs of simulations, for a map with a time slider: which there are, and what was under way when."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from pydantic import Field

from api.problems import RESPONSES, Problem
from api.routers.common import Running
from api.security import Viewer
from api.simulating.flown import Flown, flights_of
from api.simulating.recording import Recording, Row, WindowError, next_late, recording, window
from api.simulating.runs import KnownRun, known_run, known_runs
from api.views.airspace import zones_view
from api.views.city import BaseView, TypeView, type_view
from api.views.parts import GeoJson, View
from api.views.situation import WindView
from simulator.city.outcome_file import OutcomeFileError

router = APIRouter(tags=["jobs"], responses=RESPONSES)

At = Annotated[float, Query(ge=0, le=1e11, allow_inf_nan=False, description="seconds since 1970 (UTC)")]


class RunView(View):
    """A recorded run: the first replication of a layout under a policy."""

    id: str = Field(examples=["J-1a2b3c4d.1"])
    job_id: str | None = Field(description="null: its file was given when the engine was started")
    city: str
    layout: str
    scenario: str
    policy: str
    replication: int
    seed: int
    from_at_s: float
    measured_from_at_s: float = Field(description="what came before is warm-up, and in no figure")
    until_at_s: float
    time_zone: str
    promise_s: float


class RunDroneView(View):
    """A drone of the run."""

    id: str
    base_id: str


class CourseView(View):
    """Incidents by when they were reported, step by step."""

    from_at_s: float
    step_s: float
    incidents: list[int]
    within: list[int] = Field(description="of these, those with a drone on scene within the promise")


class RunDetailView(RunView):
    """A run with all that does not move."""

    bases: list[BaseView]
    types: list[TypeView]
    drones: list[RunDroneView]
    course: CourseView
    sky_changes_at_s: list[float] = Field(description="from when on other wind or zones hold")


class FlownView(View):
    """A flight, level at its height: rising and coming down are before and after it."""

    from_at_s: float
    until_at_s: float
    line: list[tuple[float, float]] = Field(description="longitude and latitude, from its beginning to its end")


class RunIncidentView(View):
    """An incident of the run; a clock is null where it did not happen."""

    call: int
    longitude_deg: float
    latitude_deg: float
    type: str
    priority: int
    fate: str = Field(examples=["served"])
    false_alarm: bool
    queued: bool = Field(description="no drone was able when it was reported")
    drone_id: str | None = Field(description="who was there first")
    base_id: str | None = Field(description="where that drone belongs")
    reported_at_s: float
    decided_at_s: float | None
    launched_at_s: float | None
    on_scene_at_s: float | None
    cleared_at_s: float | None
    returned_at_s: float | None
    ended_at_s: float | None = Field(description="when it was cleared, given up or refused; null: not before the run")
    reliefs: int = Field(description="how often one drone took over from another; the record does not say which")
    robbed: int = Field(description="how often its drone was taken for a more urgent incident")
    gap_s: float
    out: FlownView | None = Field(description="how that drone came; null where there is no way to tell")
    home: FlownView | None = Field(description="how it went home; null also where it was relieved")


class WindowView(View):
    """What was under way in a span of time."""

    from_at_s: float
    until_at_s: float
    incidents: list[RunIncidentView]


class LateView(View):
    """An incident that had no drone on scene within the promise."""

    call: int
    reported_at_s: float


class NextLateView(View):
    """What the search for one came to."""

    late: LateView | None = Field(description="null: there is none")


class SkyView(View):
    """Wind and zones at an instant of the run."""

    wind: WindView
    zones: GeoJson


def _run(run_id: Annotated[str, Path(max_length=200)], engine: Running) -> KnownRun:
    run = known_run(engine.jobs, engine.settings.runs, run_id)
    if run is None:
        raise Problem(404, "unknown_run", f"there is no recorded run {run_id!r}")
    return run


Known = Annotated[KnownRun, Depends(_run)]


def _recording(run: Known) -> Recording:
    try:
        return recording(run.path)
    except OutcomeFileError as error:
        raise Problem(409, "unreadable_run", str(error)) from error


Told = Annotated[Recording, Depends(_recording)]


@router.get("/runs", summary="Recorded runs")
def runs(engine: Running, _: Viewer) -> list[RunView]:
    """Those of simulation jobs, the newest first, and those of files that the engine was given."""
    return [RunView.model_validate(_values(run)) for run in known_runs(engine.jobs, engine.settings.runs)]


@router.get("/runs/{run_id}", summary="One recorded run")
def run(_: Viewer, run: Known, told: Told) -> RunDetailView:
    """Its bases, types, drones, and how many incidents came by the hour. Its file is gone through at the first call."""
    situation, course = told.sky.situation, told.course
    return RunDetailView(
        **_values(run),
        bases=[BaseView.model_validate(base) for base in situation.bases.values()],
        types=[type_view(kind) for kind in situation.types.values()],
        drones=[RunDroneView(id=drone.id, base_id=drone.base) for drone in told.about.drones],
        course=CourseView(
            from_at_s=course.from_s,
            step_s=course.step_s,
            incidents=course.incidents.tolist(),
            within=course.within.tolist(),
        ),
        sky_changes_at_s=list(told.sky_changes_s),
    )


@router.get("/runs/{run_id}/window", summary="What was under way")
def run_window(_: Viewer, told: Told, from_at_s: At, until_at_s: At) -> WindowView:
    """The incidents that were under way at some time of the window, with the ways that their drones flew, in the order
    of their reports. Refused where there are more than a thousand: nothing is left out."""
    try:
        rows = window(told, from_at_s, until_at_s)
    except WindowError as error:
        raise Problem(422, "invalid_window", str(error)) from error
    return WindowView(from_at_s=from_at_s, until_at_s=until_at_s, incidents=[_incident_view(told, row) for row in rows])


@router.get("/runs/{run_id}/late", summary="The next late incident")
def next_late_incident(_: Viewer, told: Told, after_at_s: At) -> NextLateView:
    """The first one reported after an instant that had no drone on scene within the promise."""
    row = next_late(told, after_at_s)
    return NextLateView(late=None if row is None else LateView(call=row["call"], reported_at_s=row["at_s"]))


@router.get("/runs/{run_id}/sky", summary="Wind and zones of a run")
def run_sky(_: Viewer, told: Told, at_s: At) -> SkyView:
    """Those that held at an instant of the run."""
    wind = told.sky.scenes[told.sky.scene_at(at_s)].wind
    blows = WindView(speed_mps=wind.speed_mps, from_deg=wind.from_deg, gust_mps=wind.gust_mps)
    return SkyView(wind=blows, zones=zones_view(told.sky.at(at_s)))


def _values(run: KnownRun) -> dict[str, Any]:
    about = run.about
    same = ("city", "layout", "scenario", "policy", "replication", "seed", "time_zone", "promise_s")
    instants = {f"{name}_at_s": getattr(about, f"{name}_s") for name in ("from", "measured_from", "until")}
    return {"id": run.id, "job_id": run.job_id, **instants, **{name: getattr(about, name) for name in same}}


def _incident_view(told: Recording, row: Row) -> RunIncidentView:
    clocks = ("decided", "launched", "on_scene", "cleared", "returned", "ended")
    same = ("call", "longitude_deg", "latitude_deg", "type", "priority", "fate", "false_alarm", "queued")
    flights = flights_of(told, row)
    return RunIncidentView(
        **{name: row[name] for name in (*same, "reliefs", "robbed", "gap_s")},
        **{f"{name}_at_s": None if row[f"{name}_s"] is None else row["at_s"] + row[f"{name}_s"] for name in clocks},
        drone_id=row["drone"],
        base_id=row["base"],
        reported_at_s=row["at_s"],
        out=_flown_view(flights.out),
        home=_flown_view(flights.home),
    )


def _flown_view(flown: Flown | None) -> FlownView | None:
    if flown is None:
        return None
    line = [(at.longitude_deg, at.latitude_deg) for at in flown.line]
    return FlownView(from_at_s=flown.from_s, until_at_s=flown.until_s, line=line)
