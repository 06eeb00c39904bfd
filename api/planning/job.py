"""A plan as a job: the request made a study, which is run in the child, and its files."""

import json
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from api.jobs.job import JobError, Stopped
from api.jobs.worker import Errand
from api.planning.demand import DemandSource
from api.planning.request import AREA, CANDIDATES, DEMAND, POINTS, PlanIn, ask_of
from api.planning.study import Done, Study, Watch, run
from api.reach import reach_now
from dispatch.coverage import InfeasibleError, Progress
from dispatch.model import Base, Drone

COVERAGE = "coverage.geojson"


def work(errand: Errand) -> None:
    """Plan as asked; the errand's context is the city. Cancelled, it keeps the layout that it has, if it has one."""
    asked = PlanIn.model_validate_json(errand.request)

    def prepared(what: str, share: float) -> None:
        errand.tell(what, share=share)
        if errand.cancelled():
            raise Stopped

    def told(part: str, progress: Progress) -> None:
        errand.tell(part, value=progress.value, bound=progress.bound)

    try:
        study = study_of(asked, errand.inputs, errand.context)
        done = run(study, Watch(work=prepared, tell=told, cancelled=errand.cancelled))
    except InfeasibleError as error:
        raise JobError("infeasible", str(error)) from error
    except ValueError as error:
        raise JobError("invalid_plan", str(error), where_of(str(error), errand.inputs)) from error
    errand.tell("report")
    from api.planning.outputs import write_all  # draws with matplotlib, which takes a second to import

    write_all(errand.results, done, "POST /api/v1/plans")
    (errand.results / COVERAGE).write_text(coverage(done), encoding="utf-8")


def study_of(asked: PlanIn, inputs: Path, city: str) -> Study:
    """The study over the files in ``inputs``. Raises :class:`~dispatch.placement.AskError`."""
    files = {which: path for which in (DEMAND, CANDIDATES, AREA, POINTS) if (path := _only(inputs / which))}
    made = [f"grid:{asked.grid_m:g}m"] if asked.grid_m is not None else []
    made += ["candidates"] if asked.candidates else []
    return Study(
        ask=ask_of(asked),
        city=city,
        demand=None
        if DEMAND not in files
        else DemandSource(
            path=files[DEMAND],
            datum=asked.demand_datum,
            weight=tuple(asked.demand_weight),
            district=asked.demand_district,
            skip_wrong=asked.demand_skip_wrong,
        ),
        sites=(*made, *(str(files[which]) for which in (CANDIDATES, POINTS) if which in files)),
        standing=("bases",) if asked.bases else (),
        forced=tuple(asked.forced),
        forbidden=tuple(asked.forbidden),
        airframe=asked.airframe,
        area=files.get(AREA),
        datum=asked.sites_datum,
        wind=asked.wind,
        limit_s=asked.limit_s,
        frontier=None if asked.frontier_to is None else (1, asked.frontier_to),
    )


def where_of(message: str, inputs: Path) -> str:
    """Which input a fault is about: messages begin with the name of the file that they tell of."""
    if message.startswith("no demand"):
        return DEMAND
    for which in (DEMAND, CANDIDATES, AREA, POINTS):
        path = _only(inputs / which)
        if path is not None and message.startswith(path.name):
            return which
    return ""


def _only(folder: Path) -> Path | None:
    return next(folder.iterdir(), None) if folder.is_dir() else None


def coverage(done: Done) -> str:
    """What each base of the layout sees within the promised time, as GeoJSON polygons with its ``base_id``.

    Ways at the usual height, as everywhere that reach is drawn; over hills the layout's own figures are truer.
    """
    ground, layout = done.planned.posed.ground, done.planned.layout
    situation = ground.situation
    sites = [base.site for base in layout.bases]
    bases = {
        site.id: Base(
            id=site.id,
            name=site.name,
            name_zh=site.name,
            position=site.position,
            ground_amsl_m=situation.ground_amsl_m,
            docks=site.docks,
        )
        for site in sites
    }
    drones = {site.id: Drone(id=site.id, airframe=ground.airframe.name, base_id=site.id, system_id=1) for site in sites}
    there = replace(
        situation,
        bases=MappingProxyType(bases),
        drones=MappingProxyType(drones),
        airframes=MappingProxyType({ground.airframe.name: ground.airframe}),
        withdrawn=MappingProxyType({}),
    )
    collection = json.loads(reach_now(there, layout.ask.promise.within_s, all_home=True))
    return json.dumps({"datum": "WGS-84", **collection})
