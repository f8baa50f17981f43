"""What the bands next to one's own would change."""

from collections.abc import Iterator

from core.strategy.matrix import Cell, matrix
from core.strategy.methods import METHODS

_AUGMENT = {
    "required": "synthetic examples become necessary",
    "recommended": "synthetic examples become advisable",
    "optional": "synthetic examples become optional",
    "off": "synthetic examples are left out",
}


def neighbours(cell: Cell) -> tuple[str, ...]:
    """A sentence on the band below and one on those above, as far as there are any.

    Above, the next band is told, and where it keeps the method, the next one that does not.
    """
    bands = matrix()
    at = bands.index(cell)
    told = []
    if at:
        told.append(f"Below {cell.at_least:,} examples, {_change(cell, bands[at - 1])}.")
    above = "; ".join(_above(cell, bands[at + 1 :]))
    if above:
        told.append(f"From {above}.")
    return tuple(told)


def _above(cell: Cell, bands: tuple[Cell, ...]) -> Iterator[str]:
    for number, band in enumerate(bands):
        if number == 0:
            yield f"{band.at_least:,} examples on, {_change(cell, band)}"
        elif band.method != cell.method:
            yield f"from {band.at_least:,}, {_change(bands[number - 1], band)}"
        if band.method != cell.method:
            return


def _change(here: Cell, there: Cell) -> str:
    """What `there` has that `here` has not."""
    changes = []
    if there.method != here.method:
        changes.append(f"{METHODS[there.method].title} of rank {there.rank} takes over")
    elif there.rank != here.rank:
        changes.append(f"the rank {'rises' if there.rank > here.rank else 'falls'} to {there.rank}")
    if there.augment != here.augment:
        changes.append(_AUGMENT[there.augment])
    if there.larger and not here.larger:
        changes.append(f"{METHODS[there.larger].title.lower()} comes into question where it fits")
    elif here.larger and not there.larger:
        changes.append(f"{METHODS[here.larger].title.lower()} drops out")
    return _joined(changes)


def _joined(parts: list[str]) -> str:
    return " and ".join(parts) if len(parts) < 3 else f"{', '.join(parts[:-1])}, and {parts[-1]}"
