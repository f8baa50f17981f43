"""Labels that cannot be learned: only one, too few rows, two spellings, unknown to the training rows."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from core.dataset.finding import Finding, counted
from core.dataset.health.check import Check, Inspection

RARE = 5
"""A label with fewer rows than this can hardly be learned and hardly be measured."""
Labels = Mapping[str, list[int]]
"""Label to the rows that carry it."""


def _one_label(labels: Labels, rows: int) -> list[Finding]:
    if len(labels) != 1:
        return []
    what = f"All {counted(rows)} carry the same label, {next(iter(labels))!r}: there is nothing to tell apart."
    return [
        Finding(name="one-label", severity="error", what=what, fix="Add rows of another label, or map another column.")
    ]


def _rare(labels: Labels) -> list[Finding]:
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


def _spelling(labels: Labels) -> list[Finding]:
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


def _unknown(by_file: Mapping[str, Labels]) -> list[Finding]:
    known = set(by_file["train"])
    found = []
    for file, labels in by_file.items():
        unknown = {label: rows for label, rows in labels.items() if label not in known}
        if known and unknown:
            shown = ", ".join(repr(label) for label in list(unknown)[:5])
            rows = tuple(sorted(row for rows in unknown.values() for row in rows))
            what = f"{counted(len(rows))} of the {file} file carry labels that no training row has: {shown}."
            fix = "Add training rows with these labels, or leave the rows out."
            found.append(Finding(name="unknown-label", severity="warning", rows=rows, what=what, fix=fix, file=file))
    return found


def _run(inspection: Inspection) -> Iterable[Finding]:
    labels = inspection.labels()
    yield from _one_label(labels, len(inspection.train))
    yield from _rare(labels)
    yield from _spelling(labels)
    yield from _unknown({file: inspection.labels(file) for file in inspection.readings})


CHECK = Check(
    name="labels",
    about="labels",
    finds=("one-label", "rare-label", "label-spelling", "unknown-label"),
    run=_run,
)
