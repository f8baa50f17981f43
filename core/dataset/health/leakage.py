"""Rows of one split in another: what is scored must not have been learned."""

from collections.abc import Iterable, Mapping, Sequence

from core.dataset.examples import Reading
from core.dataset.finding import Finding, counted
from core.dataset.health.check import Check, Inspection


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
        name="split-leakage",
        severity="warning",
        rows=tuple(row for row, _ in both),
        what=f"{counted(len(both))} of the {called} file {verb} in the {other} file too "
        f"(row {both[0][0]} is row {both[0][1]} there).",
        fix=f"Nothing needs to be done: they are left out of the {called} rows.",
        file=file,
    )


def _run(inspection: Inspection) -> Iterable[Finding]:
    yield from _leakage(inspection.readings, {file: inspection.keys(file) for file in inspection.readings})


CHECK = Check(name="leakage", about="rows of one file in another", finds=("split-leakage",), run=_run)
