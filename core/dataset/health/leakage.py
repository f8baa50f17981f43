"""Rows of one split in another: what is scored must not have been learned."""

from collections.abc import Iterable, Sequence
from itertools import combinations

from core.dataset.finding import Finding, counted, dropping, excerpt
from core.dataset.health.check import Check, Inspection


def _both(inspection: Inspection, file: str, other: str) -> list[tuple[int, int]]:
    """Rows of `file` whose prompt stands in `other` too, each with the first such row there."""
    here, there = inspection.index(file), inspection.index(other)
    first: dict[int, int] = {}
    for prompt, row in zip(there.prompts, there.rows, strict=True):
        first.setdefault(prompt, row)
    return [(row, first[prompt]) for prompt, row in zip(here.prompts, here.rows, strict=True) if prompt in first]


def _leak(inspection: Inspection, file: str, other: str, both: Sequence[tuple[int, int]]) -> Finding:
    called = "training" if file == "train" else file
    verb = "stands" if len(both) == 1 else "stand"
    rows = tuple(row for row, _ in both)
    return Finding(
        name="split-leakage",
        severity="note",  # they give way by themselves
        rows=rows,
        what=f"{counted(len(both))} of the {called} file {verb} in the {other} file too "
        f"(row {both[0][0]:,} is row {both[0][1]:,} there).",
        fix=f"Nothing needs to be done: they are left out of the {called} rows.",
        file=file,
        example=excerpt(inspection.asked(file, rows[0])),
        mends=(dropping(f"Leave them out of the {called} file", rows, file, safe=True),),
    )


def _run(inspection: Inspection) -> Iterable[Finding]:
    for file, other in combinations(inspection.readings, 2):
        if both := _both(inspection, file, other):
            yield _leak(inspection, file, other, both)


CHECK = Check(name="leakage", about="rows of one file in another", finds=("split-leakage",), run=_run)
