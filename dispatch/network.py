"""The network that a situation's bases are: what certificates and plans ask flight truth about."""

from dispatch.model import Situation
from dispatch.outbound import GO_ROUND_S
from dispatch.sky import airways_of, column_of, frame_of, heights_m
from geo.certify import Level, Network


def network_of(situation: Situation) -> Network:
    """The bases of a situation, each with a charged, idle drone, in its wind, round or over the zones in force."""
    rules = situation.rules
    levels = tuple(
        Level(
            airways=airways_of(situation, height_m),
            column=column_of(situation, height_m),
            height_m=height_m,
            later_s=GO_ROUND_S if k else 0.0,
        )
        for k, height_m in enumerate(heights_m(situation))
    )
    return Network(
        levels=levels,
        bases_xy=frame_of(situation).xy_of([base.position for base in situation.bases.values()]),
        wind=situation.wind,
        decision_s=rules.decision_s,
        uplink_s=rules.uplink_s,
    )
