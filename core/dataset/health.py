"""What is wrong with the rows, each finding with its rows and what to do about it."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from core.dataset.example import Example
from core.dataset.examples import Reading, Unfit
from core.dataset.split import key

Severity = Literal["error", "warning", "note"]
_ORDER: tuple[Severity, ...] = ("error", "warning", "note")

RARE = 5
"""A label with fewer rows than this can hardly be learned and hardly be measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something about the rows that people should know before they train."""

    name: str
    severity: Severity
    """An error: training cannot or should not begin. A warning: results suffer. A note: good to know."""
    rows: tuple[int, ...] = ()
    """Counted from 1 in `file`, the header not counted; empty where the finding is about all rows."""
    what: str
    fix: str
    file: str = "train"
    """Which file the rows stand in: "train", "validation" or "test"."""


def findings(readings: Mapping[str, Reading]) -> list[Finding]:
    """All findings, the most harmful first."""
    train = readings["train"].examples
    keys = {file: [key(example) for example in reading.examples] for file, reading in readings.items()}
    found = [finding for file, reading in readings.items() for finding in _unfit(file, reading)]
    found += [*_one_label(train), *_conflicting(train, keys["train"])]
    found += [*_leakage(readings, keys), *_duplicates(train, keys["train"])]
    found += [*_rare(train), *_spelling(train), *_unknown(readings)]
    return ordered(found)


def ordered(found: Sequence[Finding]) -> list[Finding]:
    """`found`, errors first."""
    return sorted(found, key=lambda finding: _ORDER.index(finding.severity))


def counted(number: int, noun: str = "row") -> str:
    """A number with its noun: "1 row", "1,200 rows"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def listed(rows: Sequence[int]) -> str:
    """Rows for a sentence: "row 3", "rows 3, 8 and 12", "rows 3, 8, 12, 40, 41 and 7 more"."""
    if len(rows) == 1:
        return f"row {rows[0]}"
    shown, more = [str(row) for row in rows[:5]], len(rows) - 5
    last = f"{more} more" if more > 0 else shown.pop()
    return f"rows {', '.join(shown)} and {last}"


def _unfit(file: str, reading: Reading) -> list[Finding]:
    groups: dict[tuple[str, str], list[Unfit]] = defaultdict(list)
    for unfit in reading.unfit:
        groups[unfit.column, unfit.why].append(unfit)
    total = len(reading.table.rows)
    where = "" if file == "train" else f" of the {file} file"
    found = []
    for (column, why), members in groups.items():
        rows = tuple(unfit.row for unfit in members)
        what = why or f"{'has' if len(rows) == 1 else 'have'} nothing in column {column.strip()!r}"
        verb = "is" if len(rows) == 1 else "are"
        found.append(
            Finding(
                name="unreadable-row" if why else "empty-field",
                severity="error" if len(rows) * 2 > total else "warning",
                rows=rows,
                what=f"{counted(len(rows))}{where} {_plural(what, len(rows))} and {verb} left out ({listed(rows)}).",
                fix="Complete the rows, or leave them out; if the column is the wrong one, choose another."
                if not why
                else "Mend the rows, or leave them out.",
                file=file,
            )
        )
    return found


def _plural(what: str, number: int) -> str:
    """A reason that speaks of one row, for several: "has ..." becomes "have ..."."""
    for one, many in (("has ", "have "), ("is ", "are ")):
        if number > 1 and what.startswith(one):
            return many + what.removeprefix(one)
    return what


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


def _labels(examples: Sequence[Example]) -> dict[str, list[int]]:
    rows: dict[str, list[int]] = defaultdict(list)
    for example in examples:
        if example.label is not None:
            rows[example.label].append(example.row)
    return rows


def _one_label(examples: Sequence[Example]) -> list[Finding]:
    labels = _labels(examples)
    if len(labels) != 1:
        return []
    what = f"All {counted(len(examples))} carry the same label, {next(iter(labels))!r}: there is nothing to tell apart."
    return [
        Finding(name="one-label", severity="error", what=what, fix="Add rows of another label, or map another column.")
    ]


def _rare(examples: Sequence[Example]) -> list[Finding]:
    labels = _labels(examples)
    rare = {label: rows for label, rows in labels.items() if len(rows) < RARE}
    if not rare:
        return []
    shown = ", ".join(f"{label!r} ({len(rows)})" for label, rows in list(rare.items())[:5])
    more = f" and {len(rare) - 5} more" if len(rare) > 5 else ""
    verb = "has" if len(rare) == 1 else "have"
    return [
        Finding(
            name="rare-label",
            severity="warning",
            rows=tuple(sorted(row for rows in rare.values() for row in rows)),
            what=f"{counted(len(rare), 'label')} of {len(labels)} {verb} fewer than {RARE} rows: {shown}{more}.",
            fix="Add examples of them, or join them with a kindred label.",
        )
    ]


def _spelling(examples: Sequence[Example]) -> list[Finding]:
    labels = _labels(examples)
    spellings: dict[str, list[str]] = defaultdict(list)
    for label in labels:
        spellings[" ".join(label.replace("_", " ").replace("-", " ").split()).casefold()].append(label)
    doubtful = [sorted(same, key=lambda label: -len(labels[label])) for same in spellings.values() if len(same) > 1]
    if not doubtful:
        return []
    shown = "; ".join(" and ".join(map(repr, same)) for same in doubtful[:3])
    return [
        Finding(
            name="label-spelling",
            severity="warning",
            rows=tuple(sorted(row for same in doubtful for label in same[1:] for row in labels[label])),
            what=f"{counted(len(doubtful), 'label')} with more than one spelling: {shown}.",
            fix="Write each label in one way: different spellings count as different labels.",
        )
    ]


def _unknown(readings: Mapping[str, Reading]) -> list[Finding]:
    known = set(_labels(readings["train"].examples))
    found = []
    for file, reading in readings.items():
        unknown = {label: rows for label, rows in _labels(reading.examples).items() if label not in known}
        if known and unknown:
            shown = ", ".join(repr(label) for label in list(unknown)[:5])
            rows = tuple(sorted(row for rows in unknown.values() for row in rows))
            what = f"{counted(len(rows))} of the {file} file carry labels that no training row has: {shown}."
            fix = "Add training rows with these labels, or leave the rows out."
            found.append(Finding(name="unknown-label", severity="warning", rows=rows, what=what, fix=fix, file=file))
    return found


def _leakage(readings: Mapping[str, Reading], keys: Mapping[str, Sequence[str]]) -> list[Finding]:
    # Training rows, and validation rows, whose prompt stands in one of the files after theirs too.
    found = []
    files = list(readings)
    for number, file in enumerate(files):
        for other in files[number + 1 :]:
            there = dict(zip(reversed(keys[other]), reversed([e.row for e in readings[other].examples]), strict=True))
            here = zip(keys[file], readings[file].examples, strict=True)
            both = [(example.row, there[prompt]) for prompt, example in here if prompt in there]
            if both:
                found.append(_leak(file, other, both))
    return found


def _leak(file: str, other: str, both: Sequence[tuple[int, int]]) -> Finding:
    called = "training" if file == "train" else file
    verb = "stands" if len(both) == 1 else "stand"
    return Finding(
        name="leakage",
        severity="warning",
        rows=tuple(row for row, _ in both),
        what=f"{counted(len(both))} of the {called} file {verb} in the {other} file too "
        f"(row {both[0][0]} is row {both[0][1]} there).",
        fix=f"Nothing needs to be done: they are left out of the {called} rows.",
        file=file,
    )


def label_counts(examples: Sequence[Example]) -> dict[str, int]:
    """Label to number of rows, most frequent first; empty where answers are free text."""
    return dict(Counter(example.label for example in examples if example.label is not None).most_common())
