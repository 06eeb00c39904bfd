"""How much is hunted: a share in every run, as much as ``REACH180_HUNT`` says where it is set."""

import os

from hypothesis import HealthCheck, settings


def how_many(usually: int) -> int:
    """Cases of a hunt: ``usually`` so many, or as many as the environment variable ``REACH180_HUNT`` asks for."""
    return int(os.environ.get("REACH180_HUNT", "") or usually)


def hunting(usually: int) -> settings:
    """Settings of a hypothesis hunt. In CI the examples are the same in every run; a long hunt looks elsewhere."""
    wanted = how_many(usually)
    return settings(
        max_examples=wanted,
        derandomize=wanted == usually,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )
