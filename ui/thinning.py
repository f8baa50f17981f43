"""Curves that stay short however long a run is: each stretch of steps keeps its lowest and its highest point.

A curve is exact until it has `MOST` points. Then stretches of two steps are reduced, of four, and so on; where a point
ends up depends on those before it alone, so that a curve read in many polls equals one that was read at once.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

MOST = 2048
"""Points of a curve."""
_OF_A_STRETCH = 4
"""First, lowest, highest, last."""

Place = Callable[[Any], float]
Value = Callable[[Any], float | None]


@dataclass
class Thinned:
    """A growing curve of points of any kind, which `place` and `value` read."""

    place: Place
    value: Value
    points: list[Any] = field(default_factory=list)
    width: int = 1
    """Of a stretch; 1 keeps every step."""

    def append(self, point: Any) -> None:  # noqa: ANN401 - a point of any kind
        """Add a point, which lies behind all others."""
        self.points.append(point)
        if self.width > 1:
            self._reduce_last()
        while len(self.points) > MOST:
            self._widen()

    def rewind(self, place: float) -> None:
        """Forget what lies at or behind `place`."""
        while self.points and self.place(self.points[-1]) >= place:
            self.points.pop()

    def clear(self) -> None:
        """Begin anew."""
        self.points.clear()
        self.width = 1

    def _reduce_last(self) -> None:
        stretch, begin = self.place(self.points[-1]) // self.width, len(self.points) - 1
        while begin and self.place(self.points[begin - 1]) // self.width == stretch:
            begin -= 1
        if len(self.points) - begin > _OF_A_STRETCH:
            self.points[begin:] = self._reduced(self.points[begin:])

    def _widen(self) -> None:
        self.width *= 2
        stretches: dict[float, list[Any]] = {}
        for point in self.points:
            stretches.setdefault(self.place(point) // self.width, []).append(point)
        self.points = [point for stretch in stretches.values() for point in self._reduced(stretch)]

    def _reduced(self, points: list[Any]) -> list[Any]:
        """First, lowest, highest and last in their order; a point without a value stands for the last one."""
        known = [place for place, point in enumerate(points) if self.value(point) is not None]
        if not known:
            return points[:1]
        gap = next((place for place, point in enumerate(points) if self.value(point) is None), len(points) - 1)
        lowest = min(known, key=lambda place: self.value(points[place]))  # type: ignore[arg-type,return-value]
        highest = max(known, key=lambda place: self.value(points[place]))  # type: ignore[arg-type,return-value]
        return [points[place] for place in sorted({0, lowest, highest, gap})]
