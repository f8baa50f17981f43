"""Groups of rows drawn by chance: each label gives its share, and none is taken away from the rest."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from core.dataset.progress import Progress, nobody


class Group(NamedTuple):
    """Examples that stay on one side."""

    places: tuple[int, ...]
    labels: tuple[str, ...]
    """Each once, the rarest first; one empty label where answers are free text."""


class _Draw:
    """Groups that are held out one by one; no label is taken away from the rest."""

    def __init__(self, groups: list[Group], count: int) -> None:
        self._groups, self.short = groups, count
        self._left = Counter(label for group in groups for label in group.labels)
        self.held: set[int] = set()

    def may(self, number: int) -> bool:
        left = self._left
        return number not in self.held and all(left[label] > 1 for label in self._groups[number].labels)

    def take(self, number: int) -> int:
        self.held.add(number)
        self._left.subtract(self._groups[number].labels)
        self.short -= len(self._groups[number].places)
        return len(self._groups[number].places)

    def take_up_to(self, numbers: Iterable[int], most: int) -> None:
        """Hold out what fits of `numbers`, in their order, up to so many examples."""
        for number in numbers:
            if most <= 0:
                return
            if len(self._groups[number].places) <= most and self.may(number):
                most -= self.take(number)


def hold_out(groups: list[Group], count: int, seed: int, tell: Progress = nobody) -> tuple[list[Group], list[Group]]:
    """The rest, and groups of about `count` examples: at most one group more or less, as far as labels allow.

    Each label gives its share, and none is taken away from the rest.
    """
    strata = _strata(groups, random.Random(seed))
    sizes = {label: sum(len(groups[number].places) for number in numbers) for label, numbers in strata.items()}
    quotas = _quotas(sizes, count)
    tell(0.4)
    draw = _Draw(groups, count)
    tell(0.6)
    for label, numbers in strata.items():
        draw.take_up_to(numbers, quotas[label])
    if draw.short > 0:
        draw.take_up_to([number for numbers in strata.values() for number in numbers], draw.short)
    tell(0.8)
    spare = [number for number in range(len(groups)) if draw.may(number)] if draw.short > 0 else []
    if spare:
        smallest = min(spare, key=lambda number: len(groups[number].places))
        if not draw.held or len(groups[smallest].places) < 2 * draw.short:
            draw.take(smallest)
    rest = [group for number, group in enumerate(groups) if number not in draw.held]
    return rest, [groups[number] for number in sorted(draw.held)]


def fold_out(groups: list[Group], folds: int, fold: int, seed: int) -> tuple[list[Group], list[Group]]:
    """The rest, and the groups of one of the folds; every group is in exactly one."""
    strata = _strata(groups, random.Random(seed))
    sizes, chosen = [0] * folds, [0] * len(groups)
    for numbers in strata.values():
        used: set[int] = set()
        for number in numbers:
            # The last group of a label goes where it is not alone with all others, so that training always knows it.
            barred = used if number == numbers[-1] and len(used) == 1 else frozenset[int]()
            here = min((place for place in range(folds) if place not in barred), key=sizes.__getitem__)
            used.add(here)
            sizes[here] += len(groups[number].places)
            chosen[number] = here
    sides: tuple[list[Group], list[Group]] = ([], [])
    for group, place in zip(groups, chosen, strict=True):
        sides[place == fold].append(group)
    return sides


def _strata(groups: Sequence[Group], chance: random.Random) -> dict[str, list[int]]:
    """Label to the numbers of its groups, shuffled; a group with several labels counts for the rarest."""
    strata: dict[str, list[int]] = defaultdict(list)
    for number, group in enumerate(groups):
        strata[group.labels[0]].append(number)
    for label in sorted(strata):
        chance.shuffle(strata[label])
    return strata


def _quotas(sizes: Mapping[str, int], count: int) -> dict[str, int]:
    """How many of `count` rows each label gives: in proportion, what is left over to the largest remainders."""
    total = sum(sizes.values())
    exact = {label: size * count / total for label, size in sizes.items()}
    quotas = {label: int(share) for label, share in exact.items()}
    by_remainder = sorted(sizes, key=lambda label: (quotas[label] - exact[label], -sizes[label], label))
    for label in by_remainder[: count - sum(quotas.values())]:
        quotas[label] += 1
    return quotas
