"""Records out of real files and generated ones: every row is accounted for, nothing is guessed."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.city_folder import find_city, load_city
from geo.datum import Datum, from_wgs84
from simulator.record_table import RecordsError
from simulator.record_words import COLUMNS, KEYWORDS, NFIRS
from simulator.records import Records, read_calls

HEADER = "time,lat,lon,type"
NEW_YEAR_1975 = datetime.fromisoformat("1975-01-01")
GOOD = "2025-01-01T00:00:00Z,31.3,121.0,fire"


@pytest.fixture
def csv(tmp_path: Path) -> Callable[..., Path]:
    def write(*lines: str, name: str = "calls.csv") -> Path:
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write


def accounted(records: Records) -> bool:
    return records.read == len(records) + sum(t.count for t in records.refused) + records.left_out


# --- what a row may say ---


def test_one_row_becomes_one_call(csv: Callable[..., Path]) -> None:
    path = csv("call_time,LAT,Longitude,Type,Priority,first_unit_response_min",
               "2025-01-01 08:00:30,31.3,121.0,STRUCTURE FIRE,2,6.5")  # fmt: skip
    (call,) = read_calls(path, time_zone="Asia/Shanghai", datum="WGS-84").calls
    assert call.at_s == datetime(2025, 1, 1, 0, 0, 30, tzinfo=UTC).timestamp()
    assert (call.position.longitude_deg, call.position.latitude_deg) == (121.0, 31.3)
    assert (call.type, call.note, call.priority, call.first_unit_s) == ("fire", "STRUCTURE FIRE", 2, 390.0)


def test_a_row_may_tell_its_end_who_told_whose_it_is_and_that_there_was_nothing(csv: Callable[..., Path]) -> None:
    path = csv("time,lat,lon,type,arrival,cleared,source,station",
               "2025-01-01T00:00:00Z,31.3,121,FIRE ALARM,2025-01-01T00:06:00Z,2025-01-01T00:30:00Z,phone,7",
               "2025-01-01T00:01:00Z,31.3,121,FALSE ALARM FIRE,,2024-12-31T00:00:00Z,,7",
               "2025-01-01T00:02:00Z,31.3,121,误报,,,camera,")  # fmt: skip
    records = read_calls(path, datum="WGS-84")
    assert records.first_unit_s[0] == 360.0
    assert records.cleared_s[0] == 1800.0
    assert np.isnan(records.cleared_s[1:]).all()
    assert [(tally.reason, tally.count) for tally in records.doubts][-1] == (
        "times of the end below 0 or over a day, left out",
        1,
    )
    assert [records.tellers[k] for k in records.teller] == ["phone", "", "camera"]
    assert [records.stations[k] for k in records.station] == ["7", "7", ""]
    assert records.nothing[records.kind].tolist() == [False, True, True]
    coded = csv("time,lat,lon,nfirs_type,active_s",
                "2025-01-01T00:00:00Z,31.3,121,735,60", "2025-01-01T00:01:00Z,31.3,121,611,60")  # fmt: skip
    records = read_calls(coded, datum="WGS-84")
    assert records.nothing[records.kind].tolist() == [True, False]
    assert records.cleared_s.tolist() == [60.0, 60.0]
    assert (records.tellers, records.stations) == (("",), ("",))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-01-01T00:00:00Z", 1735689600.0),
        ("2025-01-01 08:00:00+08:00", 1735689600.0),
        ("2024-12-31 19:00-0500", 1735689600.0),
        ("2025/1/1 00:00:00.25 UTC", 1735689600.25),
        ("1735689600", 1735689600.0),
        ("2025-01-01 08:00", 1735689600.0),  # local
    ],
)
def test_times_are_understood(csv: Callable[..., Path], text: str, expected: float) -> None:
    records = read_calls(csv(HEADER, f"{text},31.3,121,fire"), time_zone="Asia/Shanghai", datum="WGS-84")
    assert records.at_s.tolist() == [expected]


@pytest.mark.parametrize(
    "text",
    ["2025-02-30T00:00:00Z", "2025-01-01T24:00:00Z", "2025-01-01", "01/02/2025 10:00", "noon", "1735689600000"],
)
def test_times_that_are_none_are_counted(csv: Callable[..., Path], text: str) -> None:
    records = read_calls(csv(HEADER, GOOD, f"{text},31.3,121,fire"), datum="WGS-84")
    assert len(records) == 1
    assert accounted(records)
    assert text in records.refused[0].example


@given(
    st.integers(0, 115 * 366 * 86_400).map(lambda s: NEW_YEAR_1975 + timedelta(seconds=s)),
    st.sampled_from(["Asia/Shanghai", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]),
)
def test_local_times_agree_with_the_standard_library(
    tmp_path_factory: pytest.TempPathFactory, wall: datetime, zone: str
) -> None:
    path = tmp_path_factory.mktemp("local") / "calls.parquet"
    table = pa.table({"call_time_local": pa.array([wall], pa.timestamp("us")), "lon": [121.0], "lat": [31.3]})
    pq.write_table(table, path)
    (at_s,) = read_calls(path, time_zone=zone, datum="WGS-84").at_s
    assert at_s == pytest.approx(wall.replace(tzinfo=ZoneInfo(zone)).timestamp(), abs=1e-5)


def test_an_hour_that_comes_twice_is_in_doubt(csv: Callable[..., Path]) -> None:
    path = csv(HEADER, "2024-11-03 01:30:00,36.8,-76.1,fire", "2024-11-03 03:30:00,36.8,-76.1,fire")
    records = read_calls(path, time_zone="America/New_York", datum="WGS-84")
    assert records.at_s[0] == datetime(2024, 11, 3, 5, 30, tzinfo=UTC).timestamp()  # still summer time
    assert [tally.count for tally in records.doubts] == [1]


def test_positions_of_another_datum_are_converted(csv: Callable[..., Path]) -> None:
    lon, lat = (float(value) for value in from_wgs84(121.0, 31.3, Datum.GCJ02))
    records = read_calls(csv(HEADER, f"2025-01-01T00:00:00Z,{lat:.9f},{lon:.9f},fire"), datum="gcj02")
    assert records.longitude_deg[0] == pytest.approx(121.0, abs=2e-9)
    assert records.latitude_deg[0] == pytest.approx(31.3, abs=2e-9)


# --- what is asked for, not guessed ---


def test_local_times_need_a_zone(csv: Callable[..., Path]) -> None:
    path = csv("received_local,lat,lon", "2025-01-01 00:00:00,31.3,121")
    with pytest.raises(RecordsError, match=r"calls\.csv: column 'received_local' holds local times.*time_zone"):
        read_calls(path, datum="WGS-84")
    with pytest.raises(RecordsError, match="'Mars/Olympus' is not a time zone"):
        read_calls(path, datum="WGS-84", time_zone="Mars/Olympus")


def test_a_csv_needs_a_datum_and_parquet_may_state_it(csv: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(RecordsError, match=r"calls\.csv: does not state the datum"):
        read_calls(csv(HEADER, GOOD))
    table = pa.table({"time": [1735689600], "lon": [121.0], "lat": [31.3]})
    path = tmp_path / "calls.parquet"
    pq.write_table(table, path)
    with pytest.raises(RecordsError, match="does not state the datum"):
        read_calls(path)
    pq.write_table(table.replace_schema_metadata({"crs": "EPSG:4326; rounded"}), path)
    assert len(read_calls(path)) == 1
    with pytest.raises(RecordsError, match=r"states WGS-84 in its metadata, not GCJ-02"):
        read_calls(path, datum="GCJ-02")
    pq.write_table(table.replace_schema_metadata({"crs": "EPSG:3857"}), path)
    with pytest.raises(RecordsError, match="metadata crs: unknown datum"):
        read_calls(path)


def test_columns_can_be_named(csv: Callable[..., Path]) -> None:
    path = csv("zeit,breite,laenge,grund", "2025-01-01T00:00:00Z,31.3,121,Feuer")
    with pytest.raises(RecordsError, match="no column for time: looked for call_time"):
        read_calls(path, datum="WGS-84")
    named = {"time": "zeit", "latitude": "breite", "longitude": "laenge", "type": "grund"}
    (call,) = read_calls(path, datum="WGS-84", columns=named, types={"feuer": "fire"}).calls
    assert (call.type, call.note) == ("fire", "Feuer")
    with pytest.raises(RecordsError, match="no column 'xx'; there are 'zeit'"):
        read_calls(path, datum="WGS-84", columns={"time": "xx"})
    with pytest.raises(RecordsError, match="unknown key 'tempo'"):
        read_calls(path, datum="WGS-84", columns={"tempo": "zeit"})


# --- nothing is lost in silence ---


def test_every_row_is_accounted_for(csv: Callable[..., Path]) -> None:
    records = read_calls(
        csv(
            HEADER,
            GOOD,
            ",31.3,121,fire",
            "2025-01-01T00:00:00Z,,121,fire",
            "2025-01-01T00:00:00Z,0,0,fire",
            "2025-01-01T00:00:00Z,north,121,fire",
            "2025-01-01T00:00:00Z,121,31.3,fire",
            "2025-01-01T00:00:00Z,31.3",
            "1935-01-01T00:00:00Z,31.3,121,fire",
            "2025-01-01T00:00:00Z,31.3,121,???",
        ),
        datum="WGS-84",
    )
    assert accounted(records)
    assert records.read == 9
    assert {tally.reason: tally.count for tally in records.refused} == {
        "rows with a wrong number of columns": 1,
        "rows without a time": 1,
        "times before 1970 or after 2100": 1,
        "coordinates that are no numbers": 1,
        "rows without coordinates": 1,
        "rows without coordinates (0, 0)": 1,
        "positions not on the earth": 1,
    }
    assert [(tally.reason, tally.count) for tally in records.doubts] == [("types not known, taken as medical", 1)]
    assert "are latitude and longitude swapped?" in records.report()


def test_a_place_far_from_all_others_is_refused(csv: Callable[..., Path]) -> None:
    rows = [f"2025-01-01T00:00:00Z,{31.3 + k / 1000:.3f},121.0,fire" for k in range(200)]
    records = read_calls(csv(HEADER, *rows, "2025-01-01T00:00:00Z,32.6,121.0,fire"), datum="WGS-84")
    assert [(t.reason, t.count) for t in records.refused] == [("positions far from all others", 1)]
    assert records.refused[0].example.startswith("row 201:")


def test_the_window_is_half_open_and_the_limit_takes_the_first(csv: Callable[..., Path]) -> None:
    rows = [f"{1735689600 + s},31.3,121,fire" for s in (30, 10, 20, 0)]
    path = csv(HEADER, *rows)
    everything = read_calls(path, datum="WGS-84")
    assert (everything.at_s - 1735689600).tolist() == [0, 10, 20, 30]
    some = read_calls(path, datum="WGS-84", from_s=1735689610, until_s=1735689630)
    assert (some.at_s - 1735689600).tolist() == [10, 20]
    first = read_calls(path, datum="WGS-84", limit=1)
    assert (first.at_s - 1735689600).tolist() == [0]
    assert accounted(some)
    assert accounted(first)


# --- words into types ---


def test_every_type_is_one_of_the_city() -> None:
    known = load_city(find_city("kunshan")).types
    assert {code for code, _ in KEYWORDS} | set(NFIRS.values()) <= set(known)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("VEHICLE FIRE", "fire"),
        ("FIREWORKS COMPLAINT", "medical"),  # the fallback: no word of the table
        ("CRASH/MINOR/DISTURBANCE", "crash"),
        ("MEDICAL ALERT ALARM", "medical"),
        ("CHECK WATER FLOW ALARM", "fire"),
        ("Water rescue response", "water"),
        ("Active assailant - fire", "crime"),
        ("HEAT EXHAUSTION VICTIM", "medical"),
        ("水難救助出動", "water"),
        ("火災出動", "fire"),
        ("救助出動", "medical"),
        ("走失老人", "missing"),
        ("322", "medical"),  # an NFIRS code only in a column of that name
    ],
)
def test_words_tell_types(csv: Callable[..., Path], words: str, code: str) -> None:
    (call,) = read_calls(csv(HEADER, f"1735689600,31.3,121,{words}"), datum="WGS-84").calls
    assert call.type == code


@pytest.mark.parametrize(("code", "expected"), [(111, "fire"), (321, "medical"), (322, "crash"), (365, "water")])
def test_fire_service_codes_tell_types(csv: Callable[..., Path], code: int, expected: str) -> None:
    path = csv("time,lat,lon,nfirs_type,category", f"1735689600,31.3,121,{code},OTHER")
    assert read_calls(path, datum="WGS-84").calls[0].type == expected


def test_priorities_are_numbers_or_words(csv: Callable[..., Path]) -> None:
    words = ["1", "5", "Emergent", "Non-emergent", "0", "soon", ""]
    path = csv("time,lat,lon,type,priority", *(f"1735689600,31.3,121,fire,{word}" for word in words))
    records = read_calls(path, datum="WGS-84")
    assert [call.priority for call in records.calls] == [1, 5, 1, 4, None, None, None]
    assert [tally.count for tally in records.doubts] == [2]  # an empty one is no riddle


def test_an_arrival_tells_how_long_the_first_unit_took(csv: Callable[..., Path]) -> None:
    path = csv("time,lat,lon,type,arrival", "2025-01-01T00:00:00Z,31.3,121,fire,2025-01-01T00:06:00Z",
               "2025-01-01T00:00:00Z,31.3,121,fire,2024-12-31T23:00:00Z",
               "2025-01-01T00:00:00Z,31.3,121,fire,")  # fmt: skip
    records = read_calls(path, datum="WGS-84")
    assert [call.first_unit_s for call in records.calls] == [360.0, None, None]
    assert [tally.count for tally in records.doubts] == [1]


# --- files that are none ---


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "the file is empty"),
        (b"\n \n", "the file is empty"),
        (HEADER.encode() + b"\n", "no usable row: there is none"),
        (bytes(range(256)) * 20, "binary data"),
        (b"PAR1" + bytes(100), "not a whole Parquet file"),
        (b"a,b,c\n1,2,3\n", "no column for time.*there are 'a', 'b', 'c'"),
        (b"time,lat,lat,lon\n1,2,3,4\n", "column 'lat' stands there twice"),
        (b"x" * 10_000_000, "first line is longer"),
        (HEADER.encode() + b"\n" + GOOD.encode() + b"x" * 10_000_000, "a line is longer than 4 MB"),
        (f"{HEADER}\n1735689600,31,121,火警".encode("gbk"), "save the file as UTF-8"),
        (b"time,lat,lon\n2025-01-01T00:00:00Z,-95.3,29.7\n", "latitude and longitude swapped"),
    ],
)
def test_garbage_is_refused_with_file_and_reason(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "calls.csv"
    path.write_bytes(content)
    with pytest.raises(RecordsError, match=rf"(?s)calls\.csv: .*{why}"):
        read_calls(path, datum="WGS-84")


def test_a_parquet_cut_off_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole.parquet", tmp_path / "cut.parquet"
    pq.write_table(pa.table({"time": np.arange(5000), "lon": np.zeros(5000), "lat": np.zeros(5000)}), whole)
    cut.write_bytes(whole.read_bytes()[:3000])
    with pytest.raises(RecordsError, match=r"cut\.parquet: not a whole Parquet file"):
        read_calls(cut)
    with pytest.raises(RecordsError, match="No such file"):
        read_calls(tmp_path / "none.csv")


def test_a_date_without_an_hour_is_no_time(tmp_path: Path) -> None:
    path = tmp_path / "calls.parquet"
    pq.write_table(pa.table({"time": pa.array([1], pa.date32()), "lon": [1.0], "lat": [2.0]}), path)
    with pytest.raises(RecordsError, match=r"column 'time' holds date32\[day\], not times of day"):
        read_calls(path, datum="WGS-84")


# --- at size ---


def generated(path: Path, rows: int) -> None:
    chance = np.random.default_rng(1)
    table = pa.table(
        {
            "call_time": pa.array(chance.integers(1_735_689_600, 1_767_225_600, rows), pa.timestamp("s", "UTC")),
            "type": pa.array(chance.choice(["EMS EVENT", "CRASH/MINOR", "FIRE EVENT"], rows)).dictionary_encode(),
            "lon": pa.array(chance.normal(-95.4, 0.1, rows), pa.float32()),
            "lat": pa.array(chance.normal(29.7, 0.1, rows), pa.float32()),
        }
    )
    pq.write_table(table.replace_schema_metadata({"crs": "EPSG:4326"}), path)


def test_a_year_of_a_large_city_is_read_whole_and_in_order(tmp_path: Path) -> None:
    path = tmp_path / "year.parquet"
    generated(path, 469_556)
    records = read_calls(path)
    assert len(records) == records.read == 469_556
    assert (np.diff(records.at_s) >= 0).all()
    assert len(records.kinds) == 3


@pytest.mark.shared_data("calls/houston_2025.parquet")
def test_houston(shared: Path) -> None:
    records = read_calls(shared)
    assert len(records) == records.read == 469_556
    assert records.refused == ()
    kinds = Counter(np.array([code for code, _ in records.kinds])[records.kind].tolist())
    assert kinds["medical"] > kinds["crash"] > kinds["fire"] > 40_000
    assert sum(tally.count for tally in records.doubts) < 0.02 * len(records)


@pytest.mark.shared_data("virginia_beach/ohca.csv")
def test_virginia_beach(shared: Path) -> None:
    records = read_calls(shared, time_zone="America/New_York", datum="WGS-84")
    assert len(records) == 1988
    assert np.median(records.first_unit_s) == pytest.approx(6.68 * 60, abs=1)
    assert records.at_s[0] == datetime(2017, 1, 1, 5, 49, 54, tzinfo=UTC).timestamp()


@pytest.mark.shared_data("calls/montgomery_pa_911.parquet")
def test_montgomery_sheds_its_outliers(shared: Path) -> None:
    with pytest.raises(RecordsError, match="time_zone"):
        read_calls(shared)
    records = read_calls(shared, time_zone="America/New_York")
    assert [(tally.reason, tally.count) for tally in records.refused] == [("positions far from all others", 15)]
    assert accounted(records)


@pytest.mark.shared_data("calls/south_metro_co_2019.parquet")
def test_south_metro_tells_priorities_and_responses(shared: Path) -> None:
    records = read_calls(shared, time_zone="America/Denver")
    emergent = records.first_unit_s[(records.priority == 1) & ~np.isnan(records.first_unit_s)]
    assert np.median(emergent) == 360
    assert np.mean(emergent <= 480) == pytest.approx(0.9, abs=0.01)


@pytest.mark.shared_data("calls/sapporo_fire_2017_19.parquet")
def test_sapporo_reads_japanese(shared: Path) -> None:
    types = read_calls(shared).type_of
    assert (types["火災出動"], types["水難救助出動"], types["救助出動"]) == ("fire", "water", "medical")


@pytest.mark.shared_data("calls/san_mateo_fire_dispatch.parquet")
def test_san_mateo_counts_calls_without_a_place(shared: Path) -> None:
    records = read_calls(shared, time_zone="America/Los_Angeles")
    assert (len(records), records.refused[0].count) == (38_897, 108_526)
    assert accounted(records)


def test_the_spellings_of_columns_are_plain_and_unique() -> None:
    spellings = [spelling for names in COLUMNS.values() for spelling in names]
    assert len(set(spellings)) == len(spellings)
    assert all(spelling == spelling.lower().strip() for spelling in spellings)
