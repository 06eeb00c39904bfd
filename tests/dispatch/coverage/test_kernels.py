"""No hidden ties between the files of compiled loops, as in geo.kernels."""

import ast
import subprocess
import sys
from pathlib import Path

import dispatch.coverage.kernels

FOLDER = Path(dispatch.coverage.kernels.__file__).parent


def test_no_compiled_function_calls_one_of_another_file() -> None:
    for path in FOLDER.glob("*.py"):
        tree = ast.parse(path.read_text())
        from_kernels = {
            name.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dispatch.coverage.kernels")
            for name in node.names
        }
        assert from_kernels <= {"Floats", "Ints", "Sites", "Bools"}, f"{path.name} imports {from_kernels}"


WARMED = """
import importlib, pkgutil
import numpy as np
import dispatch.coverage.kernels as kernels
from dispatch.coverage import *
from dispatch.coverage.warm import warm

names = [f"{kernels.__name__}.{module.name}" for module in pkgutil.iter_modules(kernels.__path__)]
modules = [importlib.import_module(name) for name in names]
loops = {value for module in modules for value in vars(module).values() if hasattr(value, "nopython_signatures")}
warm()
before = {loop.__name__: len(loop.nopython_signatures) for loop in loops}
numbers = np.random.default_rng(2)
points, places = numbers.uniform(0, 60, (200, 2)), numbers.uniform(0, 60, (40, 2))
times = np.hypot(*(points[:, None] - places[None]).transpose(2, 0, 1))
costs, weights = numbers.uniform(1, 3, 40), numbers.uniform(0, 1, 200)
sites = Candidates.of(40, docks=2, costs=costs, standing=[3], forbidden=[5])
for model in (MaxCover(within_s=9), Expected(within_s=9, busy=0.3), Median(), Center(), Percentile()):
    place(Problem.of(weights, Travel.of_matrix(times), sites, budget=9.0), model)
place(Problem.of(weights, Travel.of_matrix(times), sites), Cover(within_s=50, times=2))
frontier(Problem.of(weights, Travel.of_matrix(times), sites), MaxCover(within_s=9), (2, 4))
print({loop.__name__ for loop in loops if len(loop.nopython_signatures) != before[loop.__name__]} or "none")
"""


def test_what_make_build_warms_is_all_that_is_compiled() -> None:
    ran = subprocess.run([sys.executable, "-c", WARMED], capture_output=True, text=True, check=False)
    assert (ran.stdout.strip(), ran.returncode) == ("none", 0), ran.stderr
