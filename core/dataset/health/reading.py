"""What was decided while the files were read, and what was not looked at."""

from collections.abc import Iterable

from core.dataset.finding import Finding, of_file
from core.dataset.health.check import SAMPLE, Check, Inspection


def _run(inspection: Inspection) -> Iterable[Finding]:
    for file, reading in inspection.readings.items():
        for note in reading.table.notes:
            yield Finding(name="reading-note", severity="note", what=note, fix="", file=file)
        if (step := inspection.step(file)) > 1:
            rows = len(reading.table.rows)
            what = (
                f"Of the {rows:,} rows{of_file(file)}, {-(-rows // step):,} spread evenly were read letter by letter, "
                "for personal data, broken characters, markup, odd answers and near copies; empty fields, exact "
                "repeats and labels were looked for in all."
            )
            fix = f"Nothing, unless you must be sure: then check parts of at most {SAMPLE:,} rows."
            yield Finding(name="sampled", severity="note", what=what, fix=fix, file=file)


CHECK = Check(name="reading", about="what was decided while reading", finds=("reading-note", "sampled"), run=_run)
