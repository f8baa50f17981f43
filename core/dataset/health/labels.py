"""Labels that cannot be learned: only one, too few rows, two spellings, unknown to the training rows."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from core.dataset.finding import Finding, Mend, counted, dropping, keeping, of_file, quoted
from core.dataset.health.characters import clean
from core.dataset.health.check import Check, Inspection

RARE = 5
"""A label with fewer rows than this can hardly be learned and hardly be measured."""
_UNEVEN = 3
_TOO_UNEVEN = 10
"""Rows of the most frequent label for one of the rarest, beyond which that is worth a note, and a warning."""
_NUMBER = re.compile(r"[-+]?\d+(\.0+)?")
_HYPHEN = re.compile(r"(?<=\w)-(?=\w)")
Labels = Mapping[str, list[int]]
"""Label to the rows that carry it."""


def _one_label(labels: Labels, rows: int) -> Iterable[Finding]:
    if len(labels) == 1:
        label = next(iter(labels))
        what = f"All {counted(rows)} carry the same label, {quoted(label)}: there is nothing to tell apart."
        fix = "Add rows of another label, or map another column."
        yield Finding(name="one-label", severity="error", what=what, fix=fix)


def _rare(labels: Labels, column: str) -> Iterable[Finding]:
    rare = {label: rows for label, rows in labels.items() if len(rows) < RARE}
    if not rare:
        return
    shown = ", ".join(f"{quoted(label)} ({len(rows)})" for label, rows in list(rare.items())[:5])
    more = f" and {len(rare) - 5} more" if len(rare) > 5 else ""
    verb = "has" if len(rare) == 1 else "have"
    rows = _rows(rare)
    mends = (dropping("Leave their rows out", rows),) if len(labels) - len(rare) > 1 else ()
    yield Finding(
        name="rare-label",
        severity="warning",
        rows=rows,
        what=f"{counted(len(rare), 'label')} of {len(labels)} {verb} fewer than {RARE} rows: {shown}{more}.",
        fix="Add examples of them, or join them with a kindred label.",
        column=column,
        mends=(*mends, keeping()),
    )


def _imbalance(labels: Labels) -> Iterable[Finding]:
    learned = {label: len(rows) for label, rows in labels.items() if len(rows) >= RARE}  # rarer ones are named already
    if len(learned) < 2:
        return
    most, least = max(learned, key=lambda label: learned[label]), min(learned, key=lambda label: learned[label])
    times = learned[most] / learned[least]
    if times <= _UNEVEN:
        return
    too_uneven = times > _TOO_UNEVEN
    yield Finding(
        name="label-imbalance",
        severity="warning" if too_uneven else "note",
        what=f"The labels are uneven: {quoted(most)} has {learned[most]:,} rows and {quoted(least)} "
        f"{learned[least]:,}, about {times:.0f} to 1; the model will lean towards {quoted(most)} where it is in doubt.",
        fix="Add examples of the rare labels, and judge by macro-F1, which counts all labels alike.",
        mends=(keeping("Keep them uneven"),) if too_uneven else (),
    )


def _numeric(labels: Labels, column: str) -> Iterable[Finding]:
    if len(labels) > 1 and all(_NUMBER.fullmatch(label) for label in labels):
        shown = ", ".join(label[:20] for label in sorted(labels, key=float)[:5])
        yield Finding(
            name="numeric-label",
            severity="note",
            what=f"The labels are numbers ({shown}{', …' if len(labels) > 5 else ''}); a model learns sooner from "
            "words that say what they mean.",
            fix="Write names instead of the numbers, such as 'complaint' for 1, unless the numbers are amounts.",
            column=column,
        )


def fold(label: str, *, hyphens: bool = True) -> str:
    """A label without what two spellings of it may differ in: case, spaces, underscores, and `hyphens` in it."""
    folded = clean(label).replace("_", " ")
    if hyphens:
        folded = _HYPHEN.sub(" ", folded)
    return " ".join(folded.split()).casefold()


def _spelling(by_file: Mapping[str, Labels], column: str) -> Iterable[Finding]:
    groups: dict[str, dict[str, int]] = defaultdict(dict)
    for labels in by_file.values():  # training rows first: their most frequent spelling is taken
        for label, rows in labels.items():
            groups[fold(label)].setdefault(label, len(rows))
    known = by_file["train"]
    target = {}
    for group in groups.values():
        best = clean(max(group, key=lambda label: (label in known, group[label])))
        target.update(dict.fromkeys(group, best) if len(group) > 1 else {label: label for label in group})
    for file, labels in by_file.items():
        wrong = {label: rows for label, rows in labels.items() if target[label] != label}
        if not wrong:
            continue
        safe = all(fold(label, hyphens=False) == fold(target[label], hyphens=False) for label in wrong)
        pairs = [f"{quoted(target[label])} and {quoted(label)}" for label in wrong]
        cells = {row: {column: target[label]} for label, rows in wrong.items() for row in rows}
        merge = Mend(name="merge", title="Take the most frequent spelling", safe=safe, cells={file: cells})
        merges = (merge,) if column else ()  # in a label of several columns nobody can tell what to change
        kinds = len({target[label] for label in wrong})
        yield Finding(
            name="label-spelling",
            severity="warning",
            rows=_rows(wrong),
            what=f"{counted(kinds, 'label')}{of_file(file)} with more than one spelling: {'; '.join(pairs[:3])}"
            f"{f' and {len(pairs) - 3} more' if len(pairs) > 3 else ''}.",
            fix="Write each label in one way: different spellings count as different labels.",
            file=file,
            column=column,
            mends=(*merges, keeping("They are different labels")),
        )


def _unknown(by_file: Mapping[str, Labels], column: str) -> Iterable[Finding]:
    known = {fold(label) for label in by_file["train"]}  # another spelling is told as such
    for file, labels in by_file.items():
        unknown = {label: rows for label, rows in labels.items() if fold(label) not in known}
        if known and unknown:
            shown = ", ".join(quoted(label) for label in list(unknown)[:5])
            rows = _rows(unknown)
            carry = "carries a label" if len(rows) == 1 else "carry labels"
            yield Finding(
                name="unknown-label",
                severity="warning",
                rows=rows,
                what=f"{counted(len(rows))} of the {file} file {carry} that no training row has: {shown}.",
                fix="Add training rows with these labels, or leave the rows out.",
                file=file,
                column=column,
                mends=(dropping("Leave them out", rows, file), keeping()),
            )


def _rows(labels: Labels) -> tuple[int, ...]:
    return tuple(sorted(row for rows in labels.values() for row in rows))


def _joined(labels: Labels) -> Labels:
    """Labels whose spellings count as one, under the most frequent of them."""
    joined: dict[str, dict[str, list[int]]] = defaultdict(dict)
    for label, rows in labels.items():
        joined[fold(label)][label] = rows
    return {
        max(group, key=lambda label: len(group[label])): [row for rows in group.values() for row in rows]
        for group in joined.values()
    }


def _run(inspection: Inspection) -> Iterable[Finding]:
    labels, column = inspection.labels(), inspection.answer_column
    if not labels:
        return
    by_file = {file: inspection.labels(file) for file in inspection.readings}
    joined = _joined(labels)
    yield from _one_label(joined, len(inspection.train))
    yield from _rare(joined, column)
    yield from _spelling(by_file, column)
    yield from _unknown(by_file, column)
    yield from _imbalance(joined)
    yield from _numeric(joined, column)


CHECK = Check(
    name="labels",
    about="labels",
    finds=("one-label", "rare-label", "label-spelling", "unknown-label", "label-imbalance", "numeric-label"),
    run=_run,
)
