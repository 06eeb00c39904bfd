"""A drill of the made-up city that is over in a few minutes."""

import json
from pathlib import Path

from tests.cities import place, square


def entry(at_s: float, name: str, east_m: float, north_m: float, more: str = "") -> str:
    """An incident of the drill."""
    at = place(east_m, north_m)
    return (
        f'\n[[incidents]]\nat_s = {at_s}\nname = "{name}"\nlongitude_deg = {at["longitude_deg"]}\n'
        f'latitude_deg = {at["latitude_deg"]}\ndatum = "WGS-84"\ntype = "crash"\n{more}'
    )


def small_drill(city: Path) -> str:
    """Three incidents and one in a zone, a zone that is raised, a drone that dies, and three injects."""
    quay, event = place(-300.0, 300.0), json.dumps([square((300.0, -260.0), (420.0, -160.0))])
    training = json.dumps([square((-600.0, 300.0), (-560.0, 340.0))])
    return (
        f'city = "{city}"\ntitle_en = "Small"\ntitle_zh = "小"\nintroduction_en = "A few minutes."\n'
        'introduction_zh = "几分钟。"\nwatch_s = 40.0\npatience_s = 600\n'
        + entry(5, "A", 600.0, 250.0)
        + entry(15, "B", -100.0, 600.0)
        + entry(25, "shut", -550.0, -550.0, 'expect = "refused"\n')
        + entry(90, "C", 700.0, -300.0)
        + f"""
[[faults]]
kind = "process_killed"
incident = "B"
when = "on_scene"
after_s = 5

[[zones]]
at_s = 60
lift_at_s = 150
geometry = {{ type = "Polygon", coordinates = {event} }}
properties = {{ id = "event", margin_m = 10.0 }}

[[injects]]
at_s = 40
name = "quay"
text_en = "Look at the quay."
text_zh = "查看码头。"
[injects.answer]
within_s = 60
after_s = 10
[injects.answer.report]
longitude_deg = {quay["longitude_deg"]}
latitude_deg = {quay["latitude_deg"]}
datum = "WGS-84"
type = "crash"
watch_s = 20.0

[[injects]]
at_s = 70
name = "training"
text_en = "Close the training ground."
text_zh = "关闭训练场。"
[injects.answer]
within_s = 60
after_s = 10
zone = {{ geometry = {{ type = "Polygon", coordinates = {training} }}, properties = {{ id = "training" }} }}

[[injects]]
at_s = 100
name = "told"
text_en = "It rains."
text_zh = "下雨了。"

[[objectives]]
kind = "on_scene"
within_s = 120
[[objectives]]
kind = "watched"
least_share = 0.3
[[objectives]]
kind = "answered"
[[objectives]]
kind = "no_breach"
[[objectives]]
kind = "apart"
[[objectives]]
kind = "as_expected"
[[objectives]]
kind = "all_home"
"""
    )
