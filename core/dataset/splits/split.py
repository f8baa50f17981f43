"""Examples held apart: seeded, stratified by label, and nothing that is asked on one side is asked on another."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from core.dataset.choice import DEFAULT_TEST_SHARE
from core.dataset.example import Example, Split
from core.dataset.progress import Progress, nobody, part_of, told
from core.dataset.splits.draw import Group, fold_out, hold_out
from core.dataset.splits.made import Made, join_made, leave_made_out
from core.dataset.splits.similar import Union
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


@dataclass(frozen=True, slots=True)
class Look:
    """What a division looks at in the examples of a file."""

    prompts: Sequence[Hashable]
    """For each example a value; those of equal prompts are equal."""
    labels: Sequence[str | None]


@dataclass(frozen=True, slots=True)
class Places:
    """Where the examples of each side stand, without the examples themselves."""

    sides: Mapping[str, tuple[str, Sequence[int]]]
    """Of "train", "validation" and perhaps "test" the file, and places among its examples, from 0."""
    left_out: Mapping[str, tuple[str, Sequence[int]]]
    """Why usable rows stand on no side, to their file and places."""

    def size(self, side: str) -> int:
        """Examples on that side."""
        return len(self.sides[side][1]) if side in self.sides else 0


def partition(files: Mapping[str, Sequence[Example]], shares: Shares, seed: int, ties: Ties | None = None) -> Split:
    """Training, validation and test rows of the examples in `files` ("train", and perhaps "validation" and "test").

    Rows with the same prompt, or with an equal value in `ties`, are never on two sides. A file of its own is used
    whole, and rows of an earlier file that have something in common with it are left out. What has no file is drawn
    from the training rows: a share of all usable rows of that file, and at least one row.

    Raises:
        DataError: Fewer than `MIN_TRAIN` training rows, no validation row or no test row would be left; or the folds
            cannot be made.
    """
    return split_at(files, find_places({file: look(examples) for file, examples in files.items()}, shares, seed, ties))


def split_at(files: Mapping[str, Sequence[Example]], places: Places) -> Split:
    """The examples that stand at these places."""
    chosen = {side: tuple(files[file][place] for place in there) for side, (file, there) in places.sides.items()}
    left_out = {why: tuple(files[file][place].row for place in there) for why, (file, there) in places.left_out.items()}
    return Split(chosen["train"], chosen["validation"], chosen.get("test", ()), left_out)


def find_places(
    looks: Mapping[str, Look],
    shares: Shares,
    seed: int,
    ties: Ties | None = None,
    tell: Progress = nobody,
    made: Made | None = None,
) -> Places:
    """Where the examples of each side stand; see `partition`. Those that were `made` are for training alone.

    Raises:
        DataError: As `partition` says.
    """
    ties = {SAME_PROMPT: {file: it.prompts for file, it in looks.items()}, **(ties or {})}
    kept, left_out = _give_way(ties, {file: len(it.prompts) for file, it in looks.items()})
    made = made or {}
    left_out |= leave_made_out(kept, made)
    usable = [place for place in kept["train"] if place not in made.get("train", {})]
    tied = [by_file["train"] for by_file in ties.values() if "train" in by_file]
    groups = _groups(usable, tied, [label or "" for label in looks["train"].labels], part_of(tell, 0, 0.4))
    drawn = _divide(groups, frozenset(looks), shares, seed, part_of(tell, 0.4, 0.6))
    _check(len(usable), drawn, " or ".join(ties))
    sides: dict[str, tuple[str, Sequence[int]]] = {
        side: ("train", drawn[side]) if side in drawn else (side, kept[side])
        for side in ("train", "validation", "test")
        if side in drawn or side in kept
    }
    if made.get("train"):
        join_made(sides, kept["train"], made["train"], ties, left_out)
    return Places(sides, {why: (file, places) for (file, why), places in left_out.items()})


def look(examples: Sequence[Example], tell: Progress = nobody) -> Look:
    """Look at examples once."""
    # One walk for both: examples may be made as they are asked for.
    prompts, labels = [], []
    for example in told(examples, len(examples), tell):
        prompts.append(hash(key(example)))
        labels.append(example.label)
    return Look(prompts, labels)


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


def _groups(
    places: Sequence[int], ties: Sequence[Sequence[Hashable | None]], labels: Sequence[str], tell: Progress
) -> list[Group]:
    """The examples at `places`, those together that have something in common, in order of their first ones."""
    linked = _linked(places, ties, part_of(tell, 0, 0.4))
    together: dict[int, list[int]] = {}
    alone: dict[str, tuple[str]] = {}  # one tuple for each label: most groups are a single row
    for number, place in told(enumerate(places), len(places), part_of(tell, 0.4, 0.2)):
        root = linked.root(number)
        if root != number:
            together.setdefault(root, [places[root]]).append(place)
    groups = []
    for number, place in told(enumerate(places), len(places), part_of(tell, 0.6, 0.4)):
        if number in together:
            found = {labels[other]: None for other in together[number]}
            groups.append(Group(tuple(together[number]), tuple(found)))
        elif linked.root(number) == number:
            label = labels[place]
            groups.append(Group((place,), alone.setdefault(label, (label,))))
    count = Counter(label for group in groups for label in group.labels)
    return [group if len(group.labels) == 1 else _rarest_first(group, count) for group in groups]


def _linked(places: Sequence[int], ties: Sequence[Sequence[Hashable | None]], tell: Progress) -> Union:
    linked = Union(len(places))
    for values in ties:
        first: dict[Hashable, int] = {}
        for number, place in told(enumerate(places), len(places), tell):
            value = values[place]
            if value is not None and (known := first.setdefault(value, number)) != number:
                linked.join(known, number)
    return linked


def _rarest_first(group: Group, count: Mapping[str, int]) -> Group:
    return Group(group.places, tuple(sorted(group.labels, key=lambda label: (count[label], label))))


def _divide(
    groups: list[Group], own: frozenset[str], shares: Shares, seed: int, tell: Progress
) -> dict[str, list[int]]:
    """Sides to the places in the training file that go there; sides with a file of their own are not among them."""
    usable = sum(len(group.places) for group in groups)
    validation = 0 if "validation" in own else max(1, round(usable * shares.validation))
    held: dict[str, list[Group]] = {}
    if shares.folds:
        _check_folds(len(groups), own, shares)
        groups, held["test"] = fold_out(groups, shares.folds, shares.fold, seed)
    elif "test" not in own and shares.test > 0:
        wanted = wanted_test_rows(usable, shares.test)
        spare = usable - MIN_TRAIN - validation
        count = min(wanted, max(spare, round(usable * shares.test), 1))
        groups, held["test"] = hold_out(groups, count, seed, part_of(tell, 0, 0.5))
    tell(0.5)
    if "validation" not in own:
        groups, held["validation"] = hold_out(groups, validation, seed + 1, part_of(tell, 0.5, 0.4))
    tell(0.9)
    return {
        side: sorted(place for group in found for place in group.places)
        for side, found in {"train": groups, **held}.items()
    }


def _check(usable: int, sides: Mapping[str, Sequence[int]], ties: str) -> None:
    if len(sides["train"]) < MIN_TRAIN:
        raise DataError(
            f"{usable:,} usable {'row leaves' if usable == 1 else 'rows leave'} {len(sides['train'])} to train on, "
            f"and at least {MIN_TRAIN} are needed.",
            "Add examples (50 are a sensible beginning), or make the validation and test shares smaller.",
        )
    for side, name in (("validation", "validation"), ("test", "the test")):
        if side in sides and not sides[side]:
            raise DataError(
                f"Of {usable} usable rows none can be held out for {name}.",
                f"Add examples with other prompts: rows with {ties} must stay on one side.",
            )


def _check_folds(groups: int, own: frozenset[str], shares: Shares) -> None:
    if "test" in own:
        raise DataError(
            f"{shares.folds} folds cannot be made where the data have a test file of their own.",
            "Test on that file (0 folds), or join both files to one.",
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
