"""Rows that say the same, and rows that ask the same and answer differently."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from core.dataset.finding import Finding, Mend, counted, dropping, excerpt, of_file, quoted
from core.dataset.health.check import Check, Index, Inspection

Group = list[tuple[int, int]]
"""Row and the number of its answer, of all rows with one prompt, in the order of the file."""


def _groups(index: Index) -> list[Group]:
    """The rows of each prompt that stands more than once."""
    seen: set[int] = set()
    repeated: set[int] = set()
    for prompt in index.prompts:
        if prompt in seen:
            repeated.add(prompt)
        else:
            seen.add(prompt)
    groups: dict[int, Group] = defaultdict(list)
    if repeated:
        for row, prompt, answer in zip(index.rows, index.prompts, index.answers, strict=True):
            if prompt in repeated:
                groups[prompt].append((row, answer))
    return list(groups.values())


def _duplicates(inspection: Inspection, file: str, groups: Sequence[Group]) -> Iterable[Finding]:
    repeats: list[tuple[int, int]] = []
    for group in groups:
        first: dict[int, int] = {}
        repeats += [(row, first[answer]) for row, answer in group if first.setdefault(answer, row) != row]
    if not repeats:
        return
    repeats.sort()
    rows = tuple(row for row, _ in repeats)
    what = f"{counted(len(rows))}{of_file(file)} {'repeats' if len(rows) == 1 else 'repeat'} an earlier one"
    until = "Until then all copies stay on the same side of the split." if file == "train" else "They count twice now."
    yield Finding(
        name="duplicate-row",
        severity="warning" if file == "train" else "note",
        rows=rows,
        what=f"{what} (row {repeats[0][0]:,} is the same as row {repeats[0][1]:,}).",
        fix=f"Keep one of each. {until}",
        file=file,
        example=excerpt(inspection.asked(file, rows[0])),
        mends=(dropping("Keep one of each", rows, file, safe=True),),
    )


def _conflicting(inspection: Inspection, file: str, groups: Sequence[Group]) -> Iterable[Finding]:
    conflicts = sorted(group for group in groups if len({answer for _, answer in group}) > 1)
    if not conflicts:
        return
    one, other = (inspection.example(file, row) for row in _two_rows(conflicts[0]))
    verb = "carries" if len(conflicts) == 1 else "carry"
    rows = tuple(sorted(row for group in conflicts for row, _ in group))
    drop = dropping("Leave all of them out", rows, file)
    beaten = tuple(sorted(row for group in conflicts for row in _minority(group)))
    majority = Mend(name="majority", title="Keep the more frequent label", drop={file: beaten})
    clear = sum(1 for group in conflicts if len(_minority(group)) < len(group))
    title = "Keep the more frequent label, and leave ties out"
    if clear < len(conflicts):
        majority = Mend(name="majority", title=title, drop={file: beaten})
    yield Finding(
        name="conflicting-label",
        severity="warning",
        rows=rows,
        what=f"{counted(len(conflicts), 'text')}{of_file(file)} {verb} more than one label "
        f"(row {one.row:,} says {quoted(one.answer)}, row {other.row:,} says {quoted(other.answer)}).",
        fix="Decide on one label for each text: the model cannot learn both.",
        file=file,
        example=excerpt(inspection.asked(file, one.row)),
        mends=(majority, drop) if clear == len(conflicts) else (drop, majority) if clear else (drop,),
    )


def _two_rows(group: Group) -> tuple[int, int]:
    return group[0][0], next(row for row, answer in group if answer != group[0][1])


def _minority(group: Group) -> list[int]:
    """The rows with another answer than the most frequent one; all rows where two are equally frequent."""
    (most, count), (_, second), *_ = Counter(answer for _, answer in group).most_common()
    return [row for row, answer in group if answer != most or count == second]


def _several(inspection: Inspection, file: str, groups: Sequence[Group]) -> Iterable[Finding]:
    several = sorted(group for group in groups if len({answer for _, answer in group}) > 1)
    if not several:
        return
    row, other = _two_rows(several[0])
    later = tuple(sorted(row for group in several for row, answer in group if answer != group[0][1]))
    has = "has" if len(several) == 1 else "have"
    yield Finding(
        name="several-answers",
        severity="note",
        rows=tuple(sorted(row for group in several for row, _ in group)),
        what=f"{counted(len(several), 'prompt')}{of_file(file)} {has} more than one answer "
        f"(rows {row:,} and {other:,} ask the same).",
        fix="Nothing where several answers are right; the model then learns something between them.",
        file=file,
        example=excerpt(inspection.asked(file, row)),
        mends=(Mend(name="first", title="Keep the first answer of each", drop={file: later}),),
    )


def _run(inspection: Inspection) -> Iterable[Finding]:
    for file in inspection.readings:
        groups = _groups(inspection.index(file))
        if inspection.labels(file):
            yield from _conflicting(inspection, file, groups)
        elif inspection.is_free_text:
            yield from _several(inspection, file, groups)
        yield from _duplicates(inspection, file, groups)


CHECK = Check(
    name="duplicates",
    about="repeated rows",
    finds=("conflicting-label", "several-answers", "duplicate-row"),
    run=_run,
)
