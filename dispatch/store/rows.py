"""Values as rows of their tables, and rows as values."""

import zlib
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row

from dispatch.codec import fingerprint_of_json
from dispatch.model import Clocks, Decision, Incident, IncidentStatus, Sortie
from dispatch.store.port import ClockRow, StoreError, TrackPoint
from geo.position import Position


def incident_row(incident: Incident) -> dict[str, Any]:
    """The columns that incidents are searched and counted by."""
    return asdict(incident.clocks) | {
        "id": incident.id,
        "type": incident.type,
        "priority": incident.priority,
        "status": incident.status.value,
        "longitude_deg": incident.position.longitude_deg,
        "latitude_deg": incident.position.latitude_deg,
        "source": incident.source,
        "sortie_id": incident.sortie_id,
    }


def sortie_row(sortie: Sortie) -> dict[str, Any]:
    """The columns that sorties are searched by."""
    return {
        "id": sortie.id,
        "drone_id": sortie.drone_id,
        "incident_id": sortie.incident_id,
        "state": sortie.state.value,
    }


def decision_row(decision: Decision, inputs: str | None) -> dict[str, Any]:
    """A decision with the canonical JSON of what it was taken on; refused if that is something else."""
    inputs_hash = decision.inputs_hash if inputs is None else fingerprint_of_json(inputs)
    if decision.inputs_hash not in ("", inputs_hash):
        raise StoreError(f"decision {decision.id!r}: these are not the inputs it was taken on")
    return {
        "id": decision.id,
        "incident_id": decision.incident_id,
        "at_s": decision.at_s,
        "drone_id": decision.drone_id,
        "policy": decision.policy,
        "inputs_hash": inputs_hash,
        "inputs": None if inputs is None else zlib.compress(inputs.encode(), level=3),
    }


def decision_inputs(row: Row[Any]) -> str:
    """The inputs back, checked; raises :class:`StoreError` if a byte of them has changed."""
    try:
        text = zlib.decompress(row.inputs).decode()
    except (zlib.error, UnicodeDecodeError) as error:
        raise StoreError(f"the inputs of decision {row.id!r} are damaged: {error}") from error
    if fingerprint_of_json(text) != row.inputs_hash:
        raise StoreError(f"the inputs of decision {row.id!r} are not those it was taken on")
    return text


def track_row(point: TrackPoint) -> dict[str, Any]:
    """A point of a track as its row."""
    return {
        "drone_id": point.drone_id,
        "at_s": point.at_s,
        "sortie_id": point.sortie_id,
        "longitude_deg": point.position.longitude_deg,
        "latitude_deg": point.position.latitude_deg,
        "height_m": point.height_m,
        "ground_speed_mps": point.ground_speed_mps,
        "battery_share": point.battery_share,
    }


def track_point(row: Row[Any]) -> TrackPoint:
    """A row of a track as its point."""
    return TrackPoint(
        drone_id=row.drone_id,
        sortie_id=row.sortie_id,
        at_s=row.at_s,
        position=Position(row.longitude_deg, row.latitude_deg),
        height_m=row.height_m,
        ground_speed_mps=row.ground_speed_mps,
        battery_share=row.battery_share,
    )


def clock_row(row: Row[Any]) -> ClockRow:
    """A row of the incidents as reports count it."""
    return ClockRow(
        id=row.id,
        type=row.type,
        priority=row.priority,
        status=IncidentStatus(row.status),
        source=row.source,
        position=Position(row.longitude_deg, row.latitude_deg),
        clocks=Clocks(
            reported_at_s=row.reported_at_s,
            decided_at_s=row.decided_at_s,
            launched_at_s=row.launched_at_s,
            on_scene_at_s=row.on_scene_at_s,
            cleared_at_s=row.cleared_at_s,
            returned_at_s=row.returned_at_s,
        ),
    )
