"""An ordered, read-only list of parts with names, which suggests the right name for a wrong one."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, Protocol, TypeVar

from core.errors import NotFoundError


class Named(Protocol):
    """Anything that a registry can hold."""

    @property
    def name(self) -> str:
        """The stable name that plans, the command line and the store use."""


Part = TypeVar("Part", bound=Named)


class Registry(Mapping[str, Part], Generic[Part]):
    """Parts by name, in the order in which a menu shows them."""

    def __init__(self, kind: str, parts: Iterable[Part]) -> None:
        """Hold `parts`; `kind` is what one of them is called in an error message ("tuning method").

        Raises:
            ValueError: Two parts have the same name: always a bug.
        """
        self.kind = kind
        self._parts: dict[str, Part] = {}
        for part in parts:
            if part.name in self._parts:
                raise ValueError(f"Two entries of {kind} are called {part.name!r}.")
            self._parts[part.name] = part

    def __getitem__(self, name: str) -> Part:
        try:
            return self._parts[name]
        except KeyError:
            raise self._unknown(name) from None

    def __contains__(self, name: object) -> bool:
        return name in self._parts

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)

    def get(self, name: str, default: Part | None = None) -> Part | None:  # type: ignore[override]
        """The part called `name`, or `default`."""
        return self._parts.get(name, default)

    def _unknown(self, name: str) -> NotFoundError:
        close = difflib.get_close_matches(str(name), self._parts, n=1)
        fix = f"Did you mean {close[0]!r}?" if close else f"Choose one of: {', '.join(self._parts)}."
        return NotFoundError(f"There is no {self.kind} called {name!r}.", fix)
