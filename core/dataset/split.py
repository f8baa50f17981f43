"""Examples held apart: seeded, stratified by label, and nothing that is asked on one side is asked on another."""

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence

from core.dataset.example import Example, Split
from core.errors import DataError

MIN_TRAIN = 8
"""Fewest rows to train on; with fewer there is nothing to learn from and nothing to measure."""


def key(example: Example) -> str:
    """What makes two prompts, or two texts without one, the same: their words, whatever their case and white space."""
    return " ".join((example.prompt or example.answer).split()).casefold()


def partition(files: Mapping[str, Sequence[Example]], validation_share: float, test_share: float, seed: int) -> Split:
    """Training, validation and test rows of the examples in `files` ("train", and perhaps "validation" and "test").

    A file of its own is used whole, and training rows with the same prompt as one of its rows are left out. What has no
    file is drawn from the training rows: shares of all usable rows of that file, and at least one row.

    Raises:
        DataError: Fewer than `MIN_TRAIN` training rows or no validation row would be left; says how many there are.
    """
    test = list(files.get("test", ()))
    validation = without(files.get("validation", ()), test)
    train = without(files["train"], [*test, *validation])
    usable = len(train)
    if "test" not in files and test_share > 0:
        train, test = hold_out(train, max(1, round(usable * test_share)), seed)
    if "validation" not in files:
        train, validation = hold_out(train, max(1, round(usable * validation_share)), seed + 1)
    _check(usable, train, validation)
    if not test and ("test" in files or test_share > 0):
        raise DataError(
            f"Of {usable} usable rows none can be held out for the test.",
            "Add examples with other prompts: rows with the same prompt must stay on one side.",
        )
    return Split(tuple(train), tuple(validation), tuple(test))


def _check(usable: int, train: Sequence[Example], validation: Sequence[Example]) -> None:
    if len(train) < MIN_TRAIN:
        raise DataError(
            f"{usable} usable rows leave {len(train)} to train on, and at least {MIN_TRAIN} are needed.",
            "Add examples (50 are a sensible beginning), or make the validation and test shares smaller.",
        )
    if not validation:
        raise DataError(
            f"Of {usable} usable rows none can be held out for validation.",
            "Add examples with other prompts: rows with the same prompt must stay on one side.",
        )


def without(examples: Sequence[Example], others: Sequence[Example]) -> list[Example]:
    """Those of `examples` whose prompt none of `others` has."""
    taken = {key(example) for example in others}
    return [example for example in examples if key(example) not in taken] if taken else list(examples)


def hold_out(examples: Sequence[Example], count: int, seed: int) -> tuple[list[Example], list[Example]]:
    """The rest and about `count` held-out examples, both in their old order.

    Each label gives its share, rows with the same prompt stay together, and no label is taken away from the rest.
    """
    strata = _strata(examples, random.Random(seed))
    quotas = _quotas({label: sum(len(group) for group in groups) for label, groups in strata.items()}, count)
    held: set[int] = set()
    for label, groups in strata.items():
        taken = 0
        for group in groups[:-1]:  # the last group stays, so that training knows the label
            if taken + len(group) <= quotas[label]:
                held.update(group)
                taken += len(group)
    if not held:
        spare = [group for groups in strata.values() for group in groups[:-1]]
        smallest = min(spare, key=len, default=list[int]())
        held.update(smallest)
    rest = [example for number, example in enumerate(examples) if number not in held]
    return rest, [example for number, example in enumerate(examples) if number in held]


def _strata(examples: Sequence[Example], chance: random.Random) -> dict[str, list[list[int]]]:
    """Label to groups of examples with the same prompt, shuffled; a prompt with two labels counts for its first."""
    groups: dict[str, list[int]] = defaultdict(list)
    for number, example in enumerate(examples):
        groups[key(example)].append(number)
    strata: dict[str, list[list[int]]] = defaultdict(list)
    for group in groups.values():
        strata[examples[group[0]].label or ""].append(group)
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
