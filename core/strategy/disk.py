"""How much room on the disk a run needs, and whether there is so much."""

import os
import shutil
from pathlib import Path

from core.errors import MachineError
from core.strategy.head import learned
from core.strategy.methods import read_options
from core.strategy.methods.starts import kept_numbers
from core.strategy.model_facts import ModelFacts
from core.strategy.plan import Plan

CHECKPOINTS_KEPT = 2
"""Checkpoints that stay on disk."""
AVERAGED = 3
"""Validations whose weights are kept until the end, and averaged then."""
LARGEST_SHARE = 0.1
"""Of a model's parameters may learn at most for that; the weights of more would fill the disk."""
MB = 10**6
_BESIDE = 16 * MB
"""Configurations, a tokenizer, the log, the events, scores."""
_NUMBER = 4
"""Bytes of a trained weight: it is fp32 whatever the products are."""
_MOMENTS = 8
"""Bytes that AdamW keeps for each."""


def disk_needed(plan: Plan, facts: ModelFacts) -> int:
    """Bytes that the run's folder takes at most: each folder is written anew before the one before it goes."""
    options = read_options(plan.method, plan.options)
    trained = learned(plan, facts)
    best = kept_numbers(options) * trained * _NUMBER
    averages = plan.averaging and trained <= LARGEST_SHARE * facts.parameters
    near = (AVERAGED + 2) * trained * _NUMBER if averages else 0
    checkpoint = best + trained * _MOMENTS
    return 2 * best + near + (CHECKPOINTS_KEPT + 1) * checkpoint + _BESIDE


def size_of(folder: Path) -> int:
    """Bytes of all files below `folder`, links counted as themselves; files that go while it looks count as gone."""
    found = 0
    for inside, _, names in os.walk(folder):
        for name in names:
            try:
                found += Path(inside, name).lstat().st_size
            except FileNotFoundError:  # Written anew or taken away by the run whose file it was.
                continue
    return found


def check_disk(plan: Plan, facts: ModelFacts, folder: Path) -> None:
    """Refuse a run whose files would not fit where its `folder` lies, or will lie; those that lie in it count as had.

    Raises:
        MachineError: They would not; says how much is needed and how much is free.
    """
    there = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
    needed, free = max(_BESIDE, disk_needed(plan, facts) - size_of(folder)), shutil.disk_usage(there).free
    if needed > free:
        raise MachineError(
            f"The run needs about {_told(needed)} on the disk for its checkpoints and best weights, and {_told(free)} "
            f"are free at {there}.",
            f"Free another {_told(needed - free)}, delete old runs, or begin with --home on another disk.",
        )


def _told(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{max(1, round(size / MB)) if size else 0} MB"
