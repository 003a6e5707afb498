"""What can be wrong with one endpoint of five, or with the sources: each a line of data."""

from dataclasses import dataclass

COLDEST = 20.0
"""How many times slower the first request of a cold endpoint is."""


@dataclass(frozen=True, slots=True)
class Temper:
    """How an endpoint differs from the others."""

    slower: float = 1.0
    fails: bool = False
    """Answers 500 at once, while its probes pass: a sinkhole."""
    cold: int = 0
    """Requests after which it is as fast as the others; each before is less slow than the last."""
    away: bool = False
    """Refuses connections at first and comes back while it is measured."""

    def slowness(self, served: int) -> float:
        """How many times longer a request takes here after so many have been served."""
        coldness = max(0.0, 1 - served / self.cold) if self.cold else 0.0
        return self.slower * (1 + (COLDEST - 1) * coldness)


LIKE_THE_OTHERS = Temper()


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that a pool must bear."""

    name: str
    title: str
    odd: Temper = LIKE_THE_OTHERS
    """The temper of one endpoint; the others are alike."""
    one_address: bool = False
    """Whether all sources are behind one address, instead of having one each."""

    @property
    def has_odd(self) -> bool:
        """Whether one endpoint differs from the others."""
        return self.odd != LIKE_THE_OTHERS


CONDITIONS = {
    one.name: one
    for one in (
        Condition("even", "nothing is wrong; 200 sources, each with its own address"),
        Condition("nat", "nothing is wrong; the 200 sources share one address", one_address=True),
        Condition("slow", "one endpoint is ten times slower", Temper(slower=10)),
        Condition("sinkhole", "one answers 500 at once; its probes pass", Temper(fails=True)),
        Condition(
            "cold",
            "one comes back, at first 20 times slower",
            Temper(cold=30, away=True),
        ),
    )
}
