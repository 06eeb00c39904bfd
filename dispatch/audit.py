"""Who asked for what: the entries of the log that are about people and programs, not about drones."""

from dataclasses import dataclass

from dispatch.codec import to_json
from dispatch.events import (
    Asked,
    Assign,
    Cancel,
    GrantRecorded,
    GrantRevoked,
    HoldHere,
    Recall,
    Release,
    Reported,
    Restore,
    Resume,
    WeatherChanged,
    Withdraw,
    ZoneLifted,
    ZoneRaised,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What somebody did, or tried and was refused.

    ``by`` is an account's name, or the part of the program that asked on its own; ``asked`` is canonical JSON where
    ``what`` and ``of`` do not say it all.
    """

    by: str
    what: str
    of: str
    asked: str = ""
    refused: str = ""
    """Why it was not done; empty where it was."""


def action(event: Asked, by: str) -> Action:
    """That ``by`` asked for ``event``. What the records beside it in the log tell is not told again."""
    what, of, more = _told(event)
    return Action(by=by, what=what, of=of, asked=to_json(more) if more else "")


def _told(event: Asked) -> tuple[str, str, dict[str, object]]:
    """In a word what was asked, of what, and what else."""
    match event:
        case Reported():
            return "report", event.incident.id, {}
        case Release():
            return "release", event.incident_id, {}
        case Cancel():
            return "cancel", event.incident_id, {}
        case Assign():
            return "dispatch", event.incident_id, {"drone_id": event.drone_id}
        case Recall():
            return "recall", event.sortie_id, {}
        case HoldHere():
            return "hold", event.sortie_id, {}
        case Resume():
            return "resume", event.sortie_id, {}
        case Withdraw():
            return "withdraw", event.drone_id, {"why": event.why}
        case Restore():
            return "restore", event.drone_id, {}
        case ZoneRaised():
            return "raise zone", event.zone.id, {"with": tuple(zone.id for zone in event.more)} if event.more else {}
        case ZoneLifted():
            return "lift zone", event.zone_id, {}
        case GrantRecorded():
            return "record grant", event.grant.id, {}
        case GrantRevoked():
            return "revoke grant", event.grant_id, {}
        case WeatherChanged():
            return "tell weather", "weather", {}
