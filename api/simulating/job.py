"""A simulation as a job: the request made a study, which is run in the child, and its files."""

from api.jobs.job import JobError, Stopped
from api.jobs.worker import Errand
from api.simulating.request import SimulationIn, files_of, study_of
from api.simulating.run import Watch, run
from simulator.city.run import RunError
from simulator.city.sweep import SweepError


def work(errand: Errand) -> None:
    """Simulate as asked; the errand's context is the city. Cancelled, it keeps the replications that all have."""
    asked = SimulationIn.model_validate_json(errand.request)
    files = {path.relative_to(errand.inputs).as_posix(): path for path in errand.inputs.rglob("*") if path.is_file()}

    def tell(what: str, share: float) -> None:
        errand.tell(what, share=share)

    try:
        study = study_of(asked, errand.context, files_of(files, errand.inputs))
        record = errand.results if asked.record else None
        watch = Watch(tell=tell, cancelled=errand.cancelled)
        done = run(study, watch, record=record, workers=asked.workers)
    except KeyboardInterrupt as end:
        raise Stopped from end
    except (ValueError, RunError, SweepError) as error:
        blamed = [name.partition("/")[0] for name, path in files.items() if path.name in str(error)]
        raise JobError("invalid_simulation", str(error), blamed[0] if blamed else "") from error
    errand.tell("report")
    from api.simulating.outputs import write_all  # draws with matplotlib, which takes a second to import

    write_all(errand.results, done, "POST /api/v1/simulations")
