"""A fleet description is checked at the door, and the message says where it is wrong."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.mavlink import SpecError
from simulator.mavlink.spec import dump_fleet, parse_fleet

from .flight import spec

GOOD = {"system_id": 1, "latitude_deg": 31.0, "longitude_deg": 121.0}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", "not valid JSON"),
        ("[]", "at least one vehicle"),
        ([7], "entry 0: expected an object"),
        ([{**GOOD, "colour": "red"}], "entry 0: unknown field 'colour'"),
        ([{"system_id": 1, "latitude_deg": 31.0}], "entry 0: longitude_deg is missing"),
        ([{**GOOD, "system_id": 0}], "system_id must lie in 1 to 250"),
        ([{**GOOD, "system_id": "1"}], "system_id must be an integer"),
        ([GOOD, GOOD], "vehicle 1: system_id is used twice"),
        ([{**GOOD, "latitude_deg": 99.0}], "vehicle 1: latitude_deg = 99.0 must lie in -85 to 85"),
        ([{**GOOD, "battery_wh": 0}], "vehicle 1: battery_wh = 0 must be > 0"),
        ([{**GOOD, "hover_w": "much"}], "vehicle 1: hover_w = 'much' must be a number"),
        ([{**GOOD, "battery_share": 1.2}], "vehicle 1: battery_share = 1.2 must lie in 0 to 1"),
        ([{**GOOD, "params": {"NO_SUCH": 1}}], "vehicle 1: params: no parameter 'NO_SUCH'"),
        ([{**GOOD, "params": {"COM_DL_LOSS_T": 1.5}}], "must be a 32-bit integer"),
    ],
)
def test_a_bad_description_names_the_fault(document: object, message: str) -> None:
    text = document if isinstance(document, str) else json.dumps(document)
    with pytest.raises(SpecError, match=message.replace("(", r"\(")):
        parse_fleet(text)


def test_a_description_survives_the_round_trip() -> None:
    fleet = (spec(1), spec(2, battery_share=0.5))
    assert parse_fleet(dump_fleet(fleet)) == fleet


def test_the_start_position_is_px4s_single_precision() -> None:
    frame = spec(1, longitude_deg=120.951234567).frame()
    assert frame.longitude_deg != 120.951234567
    assert abs(frame.longitude_deg - 120.951234567) * 95_000 < 0.5


def test_the_command_line_refuses_a_bad_file(tmp_path: Path) -> None:
    file = tmp_path / "fleet.json"
    file.write_text("[]", encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-m", "simulator.mavlink", "--spec", str(file), "--port", "14550"],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert run.returncode == 2
    assert "at least one vehicle" in run.stderr
