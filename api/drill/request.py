"""A drill asked for over HTTP."""

from pydantic import Field

from api.intake import Strict, Word


class LiveIn(Strict):
    """Which drill, in this room and now."""

    name: Word = Field(examples=["night-flood"])
    answers: bool = Field(False, description="whether injects are answered as the drill says, for nobody is there to")


class HereIn(Strict):
    """Which drill, played without people by kinematic vehicles."""

    name: Word = Field(examples=["night-flood"])
    answers: bool = Field(True, description="whether injects are answered as the drill says")
    speed: float | None = Field(None, description="drill seconds per second; null: as fast as it goes", gt=0, le=1000)
