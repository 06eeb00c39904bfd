"""What is simulated: a city with its own bases and drones, or one with the layout that ``reach180 plan`` wrote."""

from dataclasses import dataclass, replace
from pathlib import Path

from api.planning.inputs import Input, folder_sha256, input_of
from api.planning.layout_file import LayoutFile, read_layout
from dispatch.city import City, CityError
from dispatch.city_folder import find_city, load_city
from dispatch.model import Drone


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A city whose bases and drones are those to be simulated."""

    name: str
    city: City


def read_layouts(plans: tuple[str, ...], city: str | None = None) -> tuple[tuple[Layout, ...], tuple[Input, ...]]:
    """Each of ``plans``: a GeoJSON file of a layout (in ``city``, where another than the plan's is named), a city
    folder, or the name of a built-in city. Beside them what was read.

    Raises ``CityError`` and :class:`~api.planning.features.PlanningError`; also where they are not of one city.
    """
    layouts: list[Layout] = []
    inputs: list[Input] = []
    for plan in plans:
        path = Path(plan)
        if path.suffix.lower() in (".geojson", ".json"):
            town = _staffed(read_layout(path, city), path.name)
            name, told = path.stem, f"a layout of {len(town.bases)} bases, {len(town.drones)} drones"
            if name == "layout" and path.absolute().parent.name:
                name = path.absolute().parent.name  # plan names its folder, and not its file
            inputs.append(replace(input_of(path, told), name=f"{name}/{path.name}"))
        else:
            folder = find_city(plan)
            town = load_city(folder)
            name = town.id
            inputs.append(Input(name=name, sha256=folder_sha256(folder), told=f"city {town.name}"))
        taken = sum(one.name == name or one.name.startswith(f"{name} (") for one in layouts)
        layouts.append(Layout(name=f"{name} ({taken + 1})" if taken else name, city=town))
    _of_one_city(layouts)
    return tuple(layouts), tuple(inputs)


def _staffed(layout: LayoutFile, file: str) -> City:
    """The layout's city with the drones that the plan counted with, and no others."""
    city = layout.city
    if layout.airframe not in city.airframes:
        raise CityError(
            f"{file}: {city.name} has no airframe {layout.airframe!r}; known are {', '.join(city.airframes)}"
        )
    drones = {
        id_: Drone(id=id_, airframe=layout.airframe, base_id=base_id, system_id=1)  # nothing here speaks MAVLink
        for base_id, count in layout.drones.items()
        for id_ in (f"{base_id}-{k + 1}" for k in range(count))
    }
    bases = {id_: replace(base, docks=max(base.docks, layout.drones[id_])) for id_, base in city.bases.items()}
    return replace(city, bases=bases, drones=drones)


def _of_one_city(layouts: list[Layout]) -> None:
    first = layouts[0]
    for layout in layouts:
        if not layout.city.drones:
            raise CityError(f"{layout.name}: it has no drones: nothing can be simulated")
        for what in ("centre", "types", "rules", "time_zone"):
            if getattr(layout.city, what) != getattr(first.city, what):
                raise CityError(
                    f"{layout.name} and {first.name} are not of one city: {what} differs. Layouts are compared under "
                    "the same calls and rules"
                )
