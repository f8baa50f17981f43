"""What the checks of new rows keep of good ones and of damaged ones, for each bundled task. Prints a table.

`python -m tests.benchmarks.filter_on_damaged`; with other draws of good and damaged rows: `... 6 7 8`.
"""

import sys
import tempfile
from collections import Counter
from pathlib import Path

from core.augment.filter.funnel import sift
from tests.unit.augment.sets import mixed

TASKS = ("legal_clauses", "medical_notes", "financial_qa")
DRAWS = (11, 12, 13, 14, 15)


def measured(task: str, draws: list[int], home: Path) -> tuple[Counter[str], Counter[str]]:
    """Kind of row to how many were kept, and to how many there were, over all draws."""
    kept: Counter[str] = Counter()
    all_: Counter[str] = Counter()
    for draw in draws:
        known, rows = mixed(task, home, draw, free=task != "legal_clauses")
        all_.update(kind for kind, _ in rows)
        kept.update(rows[place][0] for place in sift(known, [row for _, row in rows]).kept)
    return kept, all_


def main(draws: list[int]) -> None:
    """Print a line of the table for each task."""
    print("| task | good kept | damaged kept | of them |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as home:
        for task in TASKS:
            kept, all_ = measured(task, draws, Path(home))
            good, bad = all_.pop("good"), sum(all_.values())
            share = (sum(kept.values()) - kept["good"]) / bad
            kinds = ", ".join(f"{kind} {kept[kind]} of {count}" for kind, count in sorted(all_.items()))
            print(f"| {task} | {kept['good'] / good:.1%} of {good} | {share:.1%} of {bad} | {kinds} |", flush=True)


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or list(DRAWS))
