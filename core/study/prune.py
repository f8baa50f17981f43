"""Which runs of a study are given up early, because they cannot win any more."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.events import Prepared, RunState, Validated
from core.store.store import Job, Store
from core.study.study import Study, Variant

EARLIEST = 1 / 3
"""Share of its steps that a run is always given."""
FEWEST = 2
"""Finished runs to hold it against."""
MARGIN = 1.1
"""How many times the others' loss its own must be: near the median, chance decides."""
_EVERY = 3.0
"""Seconds between two looks."""


@dataclass(frozen=True, slots=True)
class Point:
    """A validation."""

    share: float
    """Of the run's steps, from 0 to 1."""
    loss: float
    """Mean loss per answer token, in nats."""


def hopeless(run: Sequence[Point], finished: Sequence[Sequence[Point]]) -> str:
    """Why a run may be given up: its lowest loss is far above the median of those that others had by then; or "".

    Source: Golovin et al., Google Vizier (KDD 2017), section 3.2.2, the median stopping rule, with a margin of our own
    and with the lowest loss in place of the running mean, because the best weights are what is kept.
    """
    if not run or run[-1].share < EARLIEST:
        return ""
    own, share = min(point.loss for point in run), run[-1].share
    reached = [[point.loss for point in curve if point.share <= share] for curve in finished]
    others = [min(losses) for losses in reached if losses]
    if len(others) < FEWEST or own <= MARGIN * statistics.median(others):
        return ""
    return (
        f"Given up after {share:.0%} of its steps: its lowest validation loss was {own:.3g}, and half of "
        f"{len(others)} finished runs had {statistics.median(others):.3g} or less by then."
    )


class Pruner:
    """Looks after studies that were asked to give up what cannot win."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._looked = 0.0

    def look(self, studies: Sequence[Study], unfinished: Sequence[Job]) -> None:
        """Stop what is hopeless and write down why; its best weights stay."""
        training = {job.run_id: job for job in unfinished if job.kind == "train" and job.state is RunState.TRAINING}
        for study in studies:
            if not study.prune or study.halted:
                continue
            for index, variant in enumerate(study.variants):
                if variant.run in training and not variant.reused and not variant.pruned:
                    self._judge(study, index, training[variant.run])

    def is_due(self) -> bool:
        """Whether it is time for the next look."""
        if time.monotonic() - self._looked < _EVERY:
            return False
        self._looked = time.monotonic()
        return True

    def _judge(self, study: Study, index: int, job: Job) -> None:
        done = [it for it in study.variants if it.run and it.run != job.run_id and self._is_done(it)]
        why = hopeless(self._points(job.run_id), [self._points(it.run) for it in done])
        if not why:
            return

        def note(body: dict[str, Any]) -> None:
            body["variants"][index] |= {"pruned": why}

        self._store.change_study(study.number, note)
        self._store.request_stop(job.id)

    def _is_done(self, variant: Variant) -> bool:
        return self._store.run(variant.run).state is RunState.DONE

    def _points(self, run_id: str) -> list[Point]:
        records = [record.event for record in self._store.overview(run_id, kind="train")]
        total = next((event.total_steps for event in records if isinstance(event, Prepared)), 0)
        checked = [event for event in records if isinstance(event, Validated)]
        return [Point(it.step / total, it.loss) for it in checked if total and it.loss is not None]
