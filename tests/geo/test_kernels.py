"""The compiled loops: sight as shapely tells it, and no hidden ties between files."""

import ast
import math
from pathlib import Path

import numpy as np
import pytest
import shapely
from shapely.geometry import Polygon

import geo.kernels
from geo.kernels import ways

FOLDER = Path(geo.kernels.__file__).parent


def _compiled(path: Path) -> dict[str, ast.FunctionDef]:
    functions = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)]
    return {f.name: f for f in functions if any("njit" in ast.unparse(d) for d in f.decorator_list)}


def test_no_compiled_function_calls_one_of_another_file() -> None:
    """numba renews what it keeps on disk when a function's own file changes, and never for another file's sake."""
    compiled = {path.name: _compiled(path) for path in FOLDER.glob("*.py")}
    assert compiled["ways.py"], "the loops were not found"
    for file, functions in compiled.items():
        others = {name for other, names in compiled.items() if other != file for name in names}
        for function in functions.values():
            called = {ast.unparse(n.func).split(".")[-1] for n in ast.walk(function) if isinstance(n, ast.Call)}
            assert not (called & others) - set(functions), f"{file}: {function.name} calls {called & others}"


def _blob(generator: np.random.Generator) -> Polygon:
    turns = np.sort(generator.uniform(0, 2 * math.pi, generator.integers(3, 14)))
    radii = generator.uniform(30, 600) * generator.uniform(0.3, 1, len(turns))
    return Polygon(
        generator.uniform(-3000, 3000, 2) + np.stack([np.cos(turns), np.sin(turns)], axis=1) * radii[:, None]
    )


def _edges(closed: list[Polygon]) -> np.ndarray:
    rings = [np.asarray(ring.coords) for p in closed for ring in (p.exterior, *p.interiors)]
    return np.concatenate([np.hstack([ring[:-1], ring[1:]]) for ring in rings])


@pytest.mark.parametrize("seed", range(8))
def test_sight_is_as_shapely_tells_it(seed: int) -> None:
    generator = np.random.default_rng(seed)
    blobs = [b for b in (_blob(generator) for _ in range(1 + 12 * seed)) if b.is_valid]
    union = shapely.union_all(blobs)
    closed = [union] if isinstance(union, Polygon) else list(union.geoms)
    ground = ways.ground_of(_edges(closed))
    starts = generator.uniform(-4000, 4000, (4000, 2))
    ends = starts + generator.normal(0, 10.0 ** generator.uniform(0, 3.7), (4000, 2))
    ends[::50] = starts[::50]  # legs of no length
    ends[1::50, 0] = starts[1::50, 0]  # straight north
    touches = shapely.intersects(union, shapely.linestrings(np.stack([starts, ends], axis=1)))
    assert (ways.blocked(ground, starts, ends) == touches).all()
    inside = shapely.intersects(union, shapely.points(starts))
    assert [ways.is_closed(ground, *point) for point in starts.tolist()] == inside.tolist()


def test_ground_without_edges_is_open() -> None:
    ground = ways.ground_of(np.empty((0, 4)))
    assert not ways.crosses(ground, -10.0, 0.0, 10.0, 0.0)
    assert not ways.is_closed(ground, 0.0, 0.0)
