"""Examples held apart: seeded, stratified by label, and nothing that is asked on one side is asked on another."""

import random
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from core.dataset.choice import DEFAULT_TEST_SHARE
from core.dataset.example import Example, Split
from core.dataset.similar import Union
from core.errors import DataError

MIN_TRAIN = 8
"""Fewest rows to train on; with fewer there is nothing to learn from and nothing to measure."""
MIN_TEST = 30
"""Fewest test rows where nobody asked for another share: with fewer, chance alone moves a score by 17 points."""
SAME_PROMPT = "the same prompt"

Ties: TypeAlias = Mapping[str, Mapping[str, Sequence[Hashable | None]]]
"""What rows may have in common, in words ("nearly the same prompt"), to file to one value an example.

Rows with equal values stay on one side; None is equal to nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """How much is held out."""

    validation: float = 0.1
    """Of all usable rows of the training file."""
    test: float = DEFAULT_TEST_SHARE
    folds: int = 0
    """Parts of a k-fold division; 0 draws the test rows by share."""
    fold: int = 0
    """Which part is the test part, from 0."""


class _Group(NamedTuple):
    """Examples that stay on one side."""

    places: tuple[int, ...]
    labels: tuple[str, ...]
    """Each once, the rarest first; one empty label where answers are free text."""


def key(example: Example) -> str:
    """What makes two prompts the same: their words, whatever their case and white space.

    A text without a prompt, to be learned as it is, stands for itself.
    """
    turns = example.turns
    text = turns[0].content if len(turns) == 1 else example.prompt or example.answer
    words = " ".join(text.split())
    return words.lower() if words.isascii() else words.casefold()


def wanted_test_rows(usable: int, share: float = DEFAULT_TEST_SHARE) -> int:
    """How many of `usable` rows should be test rows.

    The share of them, at least one; where it is the default one, also at least `MIN_TEST`, but no more than a third.
    """
    asked = max(1, round(usable * share))
    return max(asked, min(MIN_TEST, usable // 3)) if share == DEFAULT_TEST_SHARE else asked


def partition(files: Mapping[str, Sequence[Example]], shares: Shares, seed: int, ties: Ties | None = None) -> Split:
    """Training, validation and test rows of the examples in `files` ("train", and perhaps "validation" and "test").

    Rows with the same prompt, or with an equal value in `ties`, are never on two sides. A file of its own is used
    whole, and rows of an earlier file that have something in common with it are left out. What has no file is drawn
    from the training rows: a share of all usable rows of that file, and at least one row.

    Raises:
        DataError: Fewer than `MIN_TRAIN` training rows, no validation row or no test row would be left; or the folds
            cannot be made.
    """
    looks = {file: _look(examples) for file, examples in files.items()}
    ties = {SAME_PROMPT: {file: prompts for file, (prompts, _) in looks.items()}, **(ties or {})}
    kept, left_out = _give_way(ties, {file: len(examples) for file, examples in files.items()})
    usable = kept["train"]
    groups = _groups(usable, [by_file["train"] for by_file in ties.values() if "train" in by_file], looks["train"][1])
    sides = _divide(groups, frozenset(files), shares, seed)
    _check(len(usable), sides, " or ".join(ties))
    chosen = {
        side: tuple(files["train"][place] for place in sides[side])
        if side in sides
        else tuple(files[side][place] for place in kept[side])
        for side in ("train", "validation", "test")
        if side in sides or side in kept
    }
    return Split(
        chosen["train"],
        chosen["validation"],
        chosen.get("test", ()),
        {why: tuple(files[file][place].row for place in places) for (file, why), places in left_out.items()},
    )


def _look(examples: Iterable[Example]) -> tuple[list[int], list[str]]:
    # One walk for both: examples may be made as they are asked for.
    prompts, labels = [], []
    for example in examples:
        prompts.append(hash(key(example)))
        labels.append(example.label or "")
    return prompts, labels


def _give_way(ties: Ties, sizes: Mapping[str, int]) -> tuple[dict[str, list[int]], dict[tuple[str, str], list[int]]]:
    """The places of each file that are kept; by file and reason, those that give way to a later file."""
    kept = {file: list(range(sizes[file])) for file in ("test", "validation", "train") if file in sizes}
    left_out: dict[tuple[str, str], list[int]] = defaultdict(list)
    for file, others in (("validation", ("test",)), ("train", ("test", "validation"))):
        for other in others:
            for what, values in ties.items():
                if file not in kept or other not in kept or file not in values or other not in values:
                    continue
                there = {values[other][place] for place in kept[other]} - {None}
                here = values[file]
                gone = [place for place in kept[file] if here[place] in there]
                if gone:
                    left_out[file, f"{file} rows with {what} as a {other} row"] = gone
                    kept[file] = [place for place in kept[file] if here[place] not in there]
    return kept, left_out


def _groups(places: Sequence[int], ties: Sequence[Sequence[Hashable | None]], labels: Sequence[str]) -> list[_Group]:
    """The examples at `places`, those together that have something in common, in order of their first ones."""
    linked = Union(len(places))
    for values in ties:
        first: dict[Hashable, int] = {}
        for number, place in enumerate(places):
            value = values[place]
            if value is not None and (known := first.setdefault(value, number)) != number:
                linked.join(known, number)
    members: dict[int, list[int]] = defaultdict(list)
    for number, place in enumerate(places):
        members[linked.root(number)].append(place)
    groups = [_Group(tuple(group), tuple({labels[place]: None for place in group})) for group in members.values()]
    count = Counter(label for group in groups for label in group.labels)
    return [
        group
        if len(group.labels) == 1
        else _Group(group.places, tuple(sorted(group.labels, key=lambda label: (count[label], label))))
        for group in groups
    ]


def _divide(groups: list[_Group], own: frozenset[str], shares: Shares, seed: int) -> dict[str, list[int]]:
    """Sides to the places in the training file that go there; sides with a file of their own are not among them."""
    usable = sum(len(group.places) for group in groups)
    validation = 0 if "validation" in own else max(1, round(usable * shares.validation))
    held: dict[str, list[_Group]] = {}
    if shares.folds:
        groups, held["test"] = _fold(groups, own, shares, seed)
    elif "test" not in own and shares.test > 0:
        wanted = wanted_test_rows(usable, shares.test)
        spare = usable - MIN_TRAIN - validation
        groups, held["test"] = _hold_out(groups, min(wanted, max(spare, round(usable * shares.test), 1)), seed)
    if "validation" not in own:
        groups, held["validation"] = _hold_out(groups, validation, seed + 1)
    return {
        side: sorted(place for group in found for place in group.places)
        for side, found in {"train": groups, **held}.items()
    }


def _check(usable: int, sides: Mapping[str, Sequence[int]], ties: str) -> None:
    if len(sides["train"]) < MIN_TRAIN:
        raise DataError(
            f"{usable} usable rows leave {len(sides['train'])} to train on, and at least {MIN_TRAIN} are needed.",
            "Add examples (50 are a sensible beginning), or make the validation and test shares smaller.",
        )
    for side, name in (("validation", "validation"), ("test", "the test")):
        if side in sides and not sides[side]:
            raise DataError(
                f"Of {usable} usable rows none can be held out for {name}.",
                f"Add examples with other prompts: rows with {ties} must stay on one side.",
            )


class _Draw:
    """Groups that are held out one by one; no label is taken away from the rest."""

    def __init__(self, groups: list[_Group], count: int) -> None:
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


def _hold_out(groups: list[_Group], count: int, seed: int) -> tuple[list[_Group], list[_Group]]:
    """The rest, and groups of about `count` examples: at most one group more or less, as far as labels allow.

    Each label gives its share, and none is taken away from the rest.
    """
    strata = _strata(groups, random.Random(seed))
    sizes = {label: sum(len(groups[number].places) for number in numbers) for label, numbers in strata.items()}
    quotas = _quotas(sizes, count)
    draw = _Draw(groups, count)
    for label, numbers in strata.items():
        draw.take_up_to(numbers, quotas[label])
    if draw.short > 0:
        draw.take_up_to([number for numbers in strata.values() for number in numbers], draw.short)
    spare = [number for number in range(len(groups)) if draw.may(number)] if draw.short > 0 else []
    if spare:
        smallest = min(spare, key=lambda number: len(groups[number].places))
        if not draw.held or len(groups[smallest].places) < 2 * draw.short:
            draw.take(smallest)
    rest = [group for number, group in enumerate(groups) if number not in draw.held]
    return rest, [groups[number] for number in sorted(draw.held)]


def _fold(groups: list[_Group], own: frozenset[str], shares: Shares, seed: int) -> tuple[list[_Group], list[_Group]]:
    """The rest, and the groups of one of the folds; every group is in exactly one."""
    _check_folds(len(groups), own, shares)
    strata = _strata(groups, random.Random(seed))
    sizes, folds = [0] * shares.folds, [0] * len(groups)
    for numbers in strata.values():
        used: set[int] = set()
        for number in numbers:
            # The last group of a label goes where it is not alone with all others, so that training always knows it.
            barred = used if number == numbers[-1] and len(used) == 1 else frozenset[int]()
            fold = min((fold for fold in range(shares.folds) if fold not in barred), key=sizes.__getitem__)
            used.add(fold)
            sizes[fold] += len(groups[number].places)
            folds[number] = fold
    rest = [group for group, fold in zip(groups, folds, strict=True) if fold != shares.fold]
    return rest, [group for group, fold in zip(groups, folds, strict=True) if fold == shares.fold]


def _check_folds(groups: int, own: frozenset[str], shares: Shares) -> None:
    if "test" in own:
        raise DataError(
            f"{shares.folds} folds cannot be made where the data have a test file of their own.",
            "Set the folds to 0 and use the test file, or join both files to one.",
        )
    if shares.folds < 2 or not 0 <= shares.fold < shares.folds:
        raise DataError(
            f"There is no fold {shares.fold} of {shares.folds}: folds are counted from 0, and at least 2 are needed.",
            "Choose from 2 to 20 folds, and one of them.",
        )
    if groups < shares.folds:
        raise DataError(
            f"{groups} different rows cannot be divided into {shares.folds} folds.", "Add rows, or choose fewer folds."
        )


def _strata(groups: Sequence[_Group], chance: random.Random) -> dict[str, list[int]]:
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
