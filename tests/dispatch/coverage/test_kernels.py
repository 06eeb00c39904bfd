"""No hidden ties between the files of compiled loops, as in geo.kernels."""

import ast
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
