"""The pytest plugin as somebody else's suite sees it: the example of docs/sitl.md, word for word."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[3] / "docs" / "sitl.md"


def example() -> str:
    """The five lines."""
    found = re.search(r"```python\n(# test_my_city\.py\n.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


def test_without_a_build_it_skips_and_says_why(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REACH180_PX4", raising=False)
    pytester.makepyfile(test_my_city=example())
    done = pytester.runpytest_inprocess("-p", "api.pytest_plugin", "-rs")
    done.assert_outcomes(skipped=1)
    done.stdout.fnmatch_lines(["*REACH180_PX4 names no PX4 build*"])


def test_a_build_that_is_none_is_an_error(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REACH180_PX4", str(pytester.path))
    pytester.makepyfile(test_my_city=example())
    done = pytester.runpytest_inprocess("-p", "api.pytest_plugin")
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["*is no PX4 SITL build*"])


@pytest.mark.px4
@pytest.mark.xdist_group("px4")
def test_the_example_flies(pytester: pytest.Pytester, px4_fleet: object) -> None:
    pytester.makepyfile(test_my_city=example())
    pytester.makefile(".toml", **{"my-scenario": (DOCS.parent / "examples" / "sitl.toml").read_text(encoding="utf-8")})
    done = pytester.runpytest_inprocess("-p", "api.pytest_plugin", "-s")
    done.assert_outcomes(passed=1)
