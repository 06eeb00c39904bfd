"""Starting and stopping PX4: what is no build, what does not start, what is killed. A shell script stands for PX4."""

import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from geo.position import Position
from simulator.px4 import STANDARD_VTOL, Px4Build, Px4Error, Px4Fleet, Px4Spec, named_build
from simulator.px4.instance import wait_started

pytestmark = pytest.mark.xdist_group("px4")  # they look at the same ports

HOME = Position(120.956, 31.38)
SYSTEM_ID = 201
"""Far from those of real instances that may run beside the tests."""

STARTS = 'env | grep PX4_ >env.txt; echo "INFO  [px4] Startup script returned successfully"; exec sleep 60'


def build_that(does: str, root: Path) -> Px4Build:
    """A build whose program does this instead of flying."""
    airframes = root / "etc" / "init.d-posix" / "airframes"
    airframes.mkdir(parents=True)
    (airframes.parent / "rcS").touch()
    (airframes / "10040_sihsim_quadx").touch()
    (airframes / "10040_sihsim_quadx.post").touch()
    program = root / "bin" / "px4"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{does}\n", encoding="utf-8")
    program.chmod(0o755)
    return Px4Build(root)


def spec(system_id: int = SYSTEM_ID, model: str = "sihsim_quadx") -> Px4Spec:
    return Px4Spec(system_id=system_id, home=HOME, model=model, speed_factor=2.0, parameters={"MPC_XY_CRUISE": 7.5})


def test_a_folder_that_is_no_build_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Px4Error, match=r"is no PX4 SITL build: it has no bin/px4"):
        Px4Build(tmp_path)
    monkeypatch.setenv("REACH180_PX4", str(tmp_path))
    with pytest.raises(Px4Error, match="is no PX4 SITL build"):
        named_build()
    monkeypatch.delenv("REACH180_PX4")
    assert named_build() is None


def test_each_has_its_own_home_parameters_and_speed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PX4_PARAM_MPC_XY_CRUISE", "1")  # of the caller's shell: none of ours
    with Px4Fleet(build_that(STARTS, tmp_path), [spec()], logs=tmp_path / "logs") as fleet:
        told = dict(line.split("=", 1) for line in (fleet[SYSTEM_ID].folder / "env.txt").read_text().splitlines())
        assert told["PX4_HOME_LON"] == "120.956"
        assert told["PX4_SIM_MODEL"] == "sihsim_quadx"
        assert told["PX4_SIM_SPEED_FACTOR"] == "2"
        assert told["PX4_PARAM_MPC_XY_CRUISE"] == "7.5"
        assert told["PX4_PARAM_SIH_KDV"] == "0.3"
        folder = fleet[SYSTEM_ID].folder
    assert not folder.exists()
    assert not fleet[SYSTEM_ID].running


def test_one_is_killed_and_started_again_while_the_others_go_on(tmp_path: Path) -> None:
    with Px4Fleet(build_that(STARTS, tmp_path), [spec(201), spec(202)]) as fleet:
        fleet[201].kill()
        assert (fleet[201].running, fleet[202].running) == (False, True)
        fleet.restart(201)
        assert fleet[201].running
        with pytest.raises(Px4Error, match="is running already"):
            fleet[202].start()
    assert (fleet[201].running, fleet[202].running) == (False, False)


def test_one_that_dies_tells_its_last_words_and_takes_the_others_down(tmp_path: Path) -> None:
    dies = 'echo "ERROR [init] no such thing"; [ "$3" = 201 ] || exec sleep 60'
    fleet = Px4Fleet(build_that(dies, tmp_path), [spec(201), spec(202)])
    last_words = r"instance 201 .*ended while it started; it said last:\n    ERROR \[init\] no"
    with pytest.raises(Px4Error, match=last_words), fleet:
        raise AssertionError("it must not start")
    assert not fleet[201].running


def test_one_that_never_gets_ready_is_told_of(tmp_path: Path) -> None:
    fleet = Px4Fleet(build_that("exec sleep 60", tmp_path), [spec()])
    fleet[SYSTEM_ID].start()
    try:
        with pytest.raises(Px4Error, match=r"did not start within 0\.2 s; it said nothing"):
            wait_started([fleet[SYSTEM_ID]], 0.2)
    finally:
        fleet.stop()


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("", 14580 + SYSTEM_ID - 1))
        fleet = Px4Fleet(build_that(STARTS, tmp_path), [spec()])
        with pytest.raises(Px4Error, match=f"UDP port {14580 + SYSTEM_ID - 1} is in use"), fleet:
            raise AssertionError("it must not start")


def test_what_cannot_be_started_is_refused_before_anything_is(tmp_path: Path) -> None:
    build = build_that(STARTS, tmp_path)
    with pytest.raises(Px4Error, match=f"no model '{STANDARD_VTOL}'; there are: sihsim_quadx"):
        Px4Fleet(build, [spec(model=STANDARD_VTOL)])
    with pytest.raises(Px4Error, match="asked for twice"):
        Px4Fleet(build, [spec(), spec()])
    with pytest.raises(Px4Error, match="system ids 1 to 250"):
        Px4Fleet(build, [spec(251)])


def test_they_do_not_outlive_whoever_started_them(tmp_path: Path) -> None:
    build_that(STARTS, tmp_path)
    script = f"""
import time
from pathlib import Path
from tests.simulator.test_px4 import Px4Build, Px4Fleet, spec
with Px4Fleet(Px4Build(Path({str(tmp_path)!r})), [spec(201), spec(202)]) as fleet:
    print(*(instance._process.pid for instance in (fleet[201], fleet[202])), flush=True)
    time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        started = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(started) == 2
        assert all(map(lives, started))
        parent.kill()
    deadline_s = time.monotonic() + 10.0
    while any(map(lives, started)):
        assert time.monotonic() < deadline_s, f"of {started} some live on"
        time.sleep(0.02)


def lives(pid: int) -> bool:
    """Whether a process runs, and is not only waiting to be looked at by whoever inherits it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
