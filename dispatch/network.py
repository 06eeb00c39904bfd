"""The network that a situation's bases are: what certificates and plans ask flight truth about."""

from collections.abc import Sequence
from dataclasses import replace

from dispatch.hills import pairs_over_hills
from dispatch.model import Base, Situation
from dispatch.outbound import GO_ROUND_S
from dispatch.sky import airways_of, column_of, frame_of, heights_m
from geo.airframe import Airframe
from geo.certify import Level, Network
from geo.pairs import Pairs, response_pairs
from geo.route import Points


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


def pairs_within(
    situation: Situation, airframe: Airframe, bases: Sequence[Base], places_xy: Points, within_s: float
) -> Pairs:
    """Seconds until ``airframe`` from each of ``bases`` (of the situation) sees each of ``places_xy`` [n, 2], as far as
    they are ``within_s``; over the terrain, where the city has one."""
    network = network_of(situation)
    if situation.terrain:
        return pairs_over_hills(situation, network, airframe, tuple(bases), places_xy, within_s)
    bases_xy = network.frame.xy_of([base.position for base in bases])
    return response_pairs(replace(network, bases_xy=bases_xy), airframe, places_xy, within_s)
