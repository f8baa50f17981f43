"""Rows that nearly repeat another one, in their own file or in the one that scores are taken from."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations

from core.dataset.example import Example
from core.dataset.finding import Finding, counted, dropping, excerpt
from core.dataset.health.check import Check, Inspection
from core.dataset.progress import Progress, nobody
from core.dataset.splits.ties import NearCopies, near_copies

MANY = 0.05
"""Share of the training rows above which near copies are a warning."""
SURE = 0.95
"""Similarity from which two labels for nearly the same text are worth a look."""

Twins = list[tuple[Example, Example, float]]
"""Two examples, the earlier one first, and the similarity of their prompts."""


def find_near(inspection: Inspection, tell: Progress = nobody) -> NearCopies:
    """The near copies among the rows of all files; looked for once."""
    if "near" not in inspection.shared:
        files = {file: reading.examples for file, reading in inspection.readings.items()}
        near = near_copies(files, tell)
        inspection.shared["near"] = near
        inspection.shared["sampled"] = inspection.shared.get("sampled", False) or near.sampled
    known: NearCopies = inspection.shared["near"]
    return known


def _inside(inspection: Inspection, near: NearCopies) -> Twins:
    """Near copies among the training rows, in their order."""
    train = inspection.train
    found = []
    for pair in near.pairs:
        (file, place), (other_file, other) = near.places[pair.first], near.places[pair.second]
        if file == other_file == "train":
            found.append((train[place], train[other], pair.similarity))
    return sorted(found, key=lambda twin: (twin[1].row, twin[0].row))


def _repeats(inspection: Inspection, twins: Twins) -> Iterable[Finding]:
    """The rows that are left over when of near copies with the same label only the first one is kept."""
    left_over: dict[int, tuple[Example, Example, float]] = {}
    for one, other, alike in twins:
        if one.label == other.label and one.row not in left_over:
            left_over.setdefault(other.row, (one, other, alike))
    if not left_over:
        return
    first, second, alike = max(left_over.values(), key=lambda twin: (twin[2], -twin[1].row))
    rows = tuple(left_over)
    yield Finding(
        name="near-duplicate",
        severity="warning" if len(rows) > MANY * len(inspection.train) else "note",
        rows=rows,
        what=f"{counted(len(rows))} nearly {'repeats' if len(rows) == 1 else 'repeat'} an earlier one "
        f"(row {second.row:,} is {_share(alike)} the same as row {first.row:,}).",
        fix="Keep one of each if they teach nothing new. Near copies stay on the same side of the split in any case.",
        example=_differs(inspection.asked("train", second.row), inspection.asked("train", first.row)),
        mends=(dropping("Keep the first of each", _with_copies(inspection, rows)),),
    )


def _with_copies(inspection: Inspection, rows: Sequence[int]) -> list[int]:
    index = inspection.index("train")
    dropped = set(rows)
    prompts = {prompt for prompt, row in zip(index.prompts, index.rows, strict=True) if row in dropped}
    return [row for prompt, row in zip(index.prompts, index.rows, strict=True) if prompt in prompts]


def _conflicts(inspection: Inspection, twins: Twins) -> Iterable[Finding]:
    doubtful = [twin for twin in twins if twin[0].label != twin[1].label and twin[2] >= SURE]
    if not doubtful:
        return
    one, other, alike = doubtful[0]
    rows = tuple(sorted({example.row for first, second, _ in doubtful for example in (first, second)}))
    yield Finding(
        name="near-conflict",
        severity="note",
        rows=rows,
        what=f"{counted(len(rows))} carry another label than nearly the same text (rows {one.row:,} and {other.row:,} "
        f"are {_share(alike)} the same and say {one.label!r} and {other.label!r}).",
        fix="Look at them: either one of the labels is wrong, or small words decide.",
        example=_differs(inspection.asked("train", other.row), inspection.asked("train", one.row)),
    )


def _leaks(inspection: Inspection, near: NearCopies) -> Iterable[Finding]:
    crowds: dict[int, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for number, cluster in enumerate(near.clusters):
        if cluster is not None:
            crowds[cluster][near.places[number][0]].append(number)
    for file, other in combinations(inspection.readings, 2):
        exact = {near.same[number] for number, place in enumerate(near.places) if place[0] == other}
        both = [
            (number, crowd[other])
            for crowd in crowds.values()
            if other in crowd
            for number in crowd.get(file, ())
            if near.same[number] not in exact
        ]
        if both:
            yield _leak(inspection, near, sorted(both), (file, other))


def _leak(
    inspection: Inspection, near: NearCopies, both: Sequence[tuple[int, Sequence[int]]], files: tuple[str, str]
) -> Finding:
    file, other = files
    here, there = inspection.readings[file].examples, inspection.readings[other].examples
    rows = tuple(here[near.places[number][1]].row for number, _ in both)
    alike = {(pair.first, pair.second): pair.similarity for pair in near.pairs}
    number, twins = both[0]
    known = {twin: alike.get(_in_order(near.same[number], near.same[twin]), 0.0) for twin in twins}
    twin = max(twins, key=known.__getitem__)
    one, like = here[near.places[number][1]], there[near.places[twin][1]]
    share = f"is {_share(known[twin])} the same as" if known[twin] else "hangs together with"
    called = "training" if file == "train" else file
    return Finding(
        name="near-leakage",
        severity="note",  # they give way by themselves
        rows=rows,
        what=f"{counted(len(rows))} of the {called} file nearly {'stands' if len(rows) == 1 else 'stand'} in the "
        f"{other} file too (row {one.row:,} {share} row {like.row:,} there).",
        fix=f"Nothing needs to be done: they are left out of the {called} rows.",
        file=file,
        example=_differs(inspection.asked(file, one.row), inspection.asked(other, like.row)),
        mends=(dropping(f"Leave them out of the {called} file", rows, file),),
    )


def _in_order(one: int, other: int) -> tuple[int, int]:
    return (one, other) if one < other else (other, one)


def _share(alike: float) -> str:
    return f"{min(99, round(100 * alike))} %"


def _differs(text: str, like: str) -> str:
    """The place where `text` differs from `like`."""
    text, like = (" ".join(said.split()) for said in (text, like))
    start = next((place for place, (a, b) in enumerate(zip(text, like, strict=False)) if a != b), 0)
    return excerpt(text, start)


def _run(inspection: Inspection) -> Iterable[Finding]:
    near = find_near(inspection)
    twins = _inside(inspection, near)
    yield from _leaks(inspection, near)
    yield from _conflicts(inspection, twins)
    yield from _repeats(inspection, twins)


CHECK = Check(
    name="near_duplicates",
    about="rows that nearly repeat another one",
    finds=("near-leakage", "near-conflict", "near-duplicate"),
    run=_run,
)
