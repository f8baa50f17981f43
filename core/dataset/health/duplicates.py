"""Rows that say the same, and rows that ask the same and answer differently."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from core.dataset.example import Example
from core.dataset.finding import Finding, counted
from core.dataset.health.check import Check, Inspection


def _duplicates(examples: Sequence[Example], keys: Sequence[str]) -> list[Finding]:
    first: dict[tuple[str, str], int] = {}
    earliest = [
        first.setdefault((prompt, example.answer), example.row) for prompt, example in zip(keys, examples, strict=True)
    ]
    repeats = [(example.row, row) for example, row in zip(examples, earliest, strict=True) if example.row != row]
    if not repeats:
        return []
    rows = tuple(row for row, _ in repeats)
    what = f"{counted(len(rows))} {'repeats' if len(rows) == 1 else 'repeat'} an earlier one"
    return [
        Finding(
            name="duplicate-row",
            severity="warning",
            rows=rows,
            what=f"{what} (row {repeats[0][0]} is the same as row {repeats[0][1]}).",
            fix="Keep one of each. Until then all copies stay on the same side of the split.",
        )
    ]


def _conflicting(examples: Sequence[Example], keys: Sequence[str]) -> list[Finding]:
    labels: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for prompt, example in zip(keys, examples, strict=True):
        if example.label is not None:
            labels[prompt][example.label].append(example.row)
    conflicts = [by_label for by_label in labels.values() if len(by_label) > 1]
    if not conflicts:
        return []
    (one, (row, *_)), (other, (row2, *_)), *_ = conflicts[0].items()
    rows = tuple(sorted(row for by_label in conflicts for rows in by_label.values() for row in rows))
    verb = "carries" if len(conflicts) == 1 else "carry"
    return [
        Finding(
            name="conflicting-label",
            severity="warning",
            rows=rows,
            what=f"{counted(len(conflicts), 'text')} {verb} more than one label "
            f"(row {row} says {one!r}, row {row2} says {other!r}).",
            fix="Decide on one label for each text: the model cannot learn both.",
        )
    ]


def _run(inspection: Inspection) -> Iterable[Finding]:
    yield from _conflicting(inspection.train, inspection.keys("train"))
    yield from _duplicates(inspection.train, inspection.keys("train"))


CHECK = Check(name="duplicates", about="repeated rows", finds=("conflicting-label", "duplicate-row"), run=_run)
