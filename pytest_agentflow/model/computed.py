"""When the calls of a replay would be under way, told by what this replay does."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Computed:
    """The times of a replay's calls: as long as recorded, as parallel as this code.

    What the program computes by itself takes no time in it. All times are in ms.
    """

    calls: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Call -> start and end, since the run began."""
    critical: tuple[str, ...] = ()
    """The calls that the end waited for, each for the one before it: no other calls
    can make the run quicker."""
    undetermined: tuple[str, ...] = ()
    """Why these times cannot be relied on; empty where they can."""
    notes: tuple[str, ...] = ()
    """What was not waited for: times may be right all the same."""

    @property
    def span(self) -> float:
        """From the beginning of the run to the end of its last call."""
        return max((end for _, end in self.calls.values()), default=0.0)

    @property
    def work(self) -> float:
        """The durations of all calls: the span, were there one call at a time."""
        return self.work_of(self.calls)

    @property
    def parallelism(self) -> float:
        """Calls under way at a time on average: work / span."""
        return self.work / self.span if self.span else 1.0

    def span_of(self, calls: Iterable[str]) -> float | None:
        """From the first start to the last end of some calls; `None`: of none known."""
        known = [self.calls[call] for call in calls if call in self.calls]
        if not known:
            return None
        last, first = max(end for _, end in known), min(start for start, _ in known)
        return round(last - first, 3)

    def work_of(self, calls: Iterable[str]) -> float:
        """Add up the durations of some calls."""
        known = [self.calls[call] for call in calls if call in self.calls]
        return round(sum(end - start for start, end in known), 3)

    def at_once(self, calls: Collection[str]) -> int:
        """Give how many of some calls were under way at the same time, at most."""
        return most_at_once(self.calls[call] for call in calls if call in self.calls)


def most_at_once(spans: Iterable[tuple[float, float]]) -> int:
    """Count how many of these spans overlap at one moment, at most.

    One that ends as another one starts does not overlap it.
    """
    moments: list[tuple[float, int]] = []
    for start, end in spans:
        moments += [(start, 1), (end, -1)]
    now = most = 0
    for _, change in sorted(moments):
        now += change
        most = max(most, now)
    return most
