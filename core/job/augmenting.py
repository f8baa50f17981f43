"""Augmentation in a process of its own: looking at the seeds, asking a teacher once or until it is enough, keeping."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from core.augment.card import TaskCard
from core.augment.filter.likeness import LEAKAGE
from core.augment.order import Order, digest_of
from core.augment.pipeline import ROWS_A_QUESTION, Augmentation, Outcome
from core.augment.review import (
    candidates_of,
    entry_of,
    is_accepted,
    read_candidates,
    read_decisions,
    write_candidates,
)
from core.augment.spend import EXPECTED_RETENTION
from core.augment.standing import (
    Standing,
    belong,
    failed_standing,
    is_asked_to_stop,
    read_standing,
    standing_of,
    write_standing,
)
from core.augment.survey import Survey, Tried, Used
from core.augment.teachers.teacher import Trouble
from core.dataset.choice import DataChoice
from core.dataset.progress import Tell
from core.dataset.splits.made import MOST_A_HUMAN_ROW
from core.errors import UserError
from core.events import Advanced, Event
from core.job.augmentations import Augmentations

_LOOK_SECONDS = 0.3
"""Between two looks whether somebody wants it to stop."""


def survey(request: Mapping[str, Any], home: Path, tell: Tell) -> Any:  # noqa: ANN401 - JSON
    """Answers with the task card, as given or as the seeds say, and what one question takes."""
    tell("looking at your examples", 0.2)
    augmentations = Augmentations(home)
    choice = DataChoice(**request["choice"])
    known = augmentations.known(choice)
    given = request["card"]
    card = TaskCard.model_validate(given) if given else augmentations.card(known)
    tell("writing a question", 0.7)
    work = augmentations.prepare(known, card, "rules", {})
    found = Survey(
        card=card,
        digest=digest_of(known.seeds),
        seeds=len(known.seeds),
        held_out=len(known.held_out),
        generated=augmentations.generated(choice),
        most=MOST_A_HUMAN_ROW * len(known.seeds),
        usual=work.usual(),
    )
    return TypeAdapter(Survey).dump_python(found, mode="json")


def try_teacher(request: Mapping[str, Any], home: Path, tell: Tell) -> Any:  # noqa: ANN401 - JSON
    """Ask the first question; answers with what came back, which counts among the answers later.

    Raises:
        UserError: There was no answer.
    """
    tell("asking the teacher once", 0.3)
    order = Order.model_validate(request["order"])
    work = _work(order, home, request["key"])
    began = time.monotonic()
    try:
        rows, unreadable, reply = work.ask_first()
    except Trouble as trouble:
        raise UserError(f"The teacher did not answer: {trouble.kind}.", _what_to_do(trouble)) from trouble
    found = Tried(
        seconds=time.monotonic() - began,
        rows=len(rows),
        unreadable=dict(unreadable),
        first=dict(rows[0].cells) if rows else {},
        said=reply.text[:400],
        prompt_tokens=reply.prompt_tokens,
        answer_tokens=reply.answer_tokens,
    )
    return TypeAdapter(Tried).dump_python(found, mode="json")


def write_rows(request: Mapping[str, Any], home: Path, tell: Tell) -> Any:  # noqa: ANN401 - JSON
    """Ask until there are enough good rows; how it stands is kept in the folder of the answers all the while.

    Raises:
        UserError: The teacher failed again and again; answers are kept.
    """
    order = Order.model_validate(request["order"])
    tell("looking at your examples", 0.0)
    work = _work(order, home, request["key"])
    stopping, over = threading.Event(), threading.Event()
    watcher = threading.Thread(target=_watch, args=(work.folder, stopping, over), daemon=True)
    watcher.start()
    progress = _Progress(order, work, tell)
    try:
        outcome = Augmentations(home).run(work, order.count, progress.hear, stopping, progress.see)
    except UserError as error:
        standing = failed_standing(read_standing(work.folder), order.count, error)
        write_standing(work.folder, standing)
        raise
    finally:
        over.set()
    standing = standing_of(outcome, order.count, over=True)
    write_candidates(work.folder, candidates_of(work.known, outcome))
    write_standing(work.folder, standing)
    return TypeAdapter(Standing).dump_python(standing, mode="json")


def use_rows(request: Mapping[str, Any], home: Path, tell: Tell) -> Any:  # noqa: ANN401 - JSON
    """The accepted rows become a version of the data; answers with it, and with what was left out after all."""
    tell("reading the new rows", 0.1)
    choice, folder = DataChoice(**request["choice"]), home / "augment" / request["folder"]
    augmentations = Augmentations(home)
    known = augmentations.known(choice)
    decisions = read_decisions(folder)
    accepted = [one for one in read_candidates(folder) if is_accepted(one, decisions)]
    rows = [entry_of(one, decisions, known.shape) for one in accepted]
    tell("holding them against the held-out rows", 0.4)
    leaking = LEAKAGE.run(known, rows).rejected
    good = [row for place, row in enumerate(rows) if place not in leaking]
    most = MOST_A_HUMAN_ROW * len(known.seeds)
    tell("writing the version", 0.8)
    names = dict.fromkeys(one.teacher for place, one in enumerate(accepted) if place not in leaking)
    source = augmentations.keep(choice, good[:most], " and ".join(names))
    kept = Used(source=source.id, rows=len(good[:most]), leaking=len(leaking), too_many=max(0, len(good) - most))
    return TypeAdapter(Used).dump_python(kept, mode="json")


@dataclass
class _Progress:
    """Says how far the work is, in words and as a share."""

    order: Order
    work: Augmentation
    tell: Tell
    good: int = 0
    answers: int = 0

    def hear(self, event: Event) -> None:
        """An answer came, or rows were judged."""
        if not isinstance(event, Advanced):
            return
        if event.total:
            self.good = event.done
        else:
            self.answers = event.done
        hoped = max(self.good, self.answers * ROWS_A_QUESTION * EXPECTED_RETENTION)
        told = f"{self.answers:,} answers" if self.answers != 1 else "1 answer"
        self.tell(f"asking the teacher: {told} so far", min(0.95, hoped / self.order.count))

    def see(self, outcome: Outcome) -> None:
        """Rows were judged in between."""
        write_candidates(self.work.folder, candidates_of(self.work.known, outcome))
        write_standing(self.work.folder, standing_of(outcome, self.order.count, over=False))


def _work(order: Order, home: Path, key: str) -> Augmentation:
    augmentations = Augmentations(home)
    known = augmentations.known(order.data, order.quality)
    work = augmentations.prepare(known, order.card, order.teacher, order.options, key, limits=order.limits)
    work.diversity_weight = order.diversity
    belong(work.folder, order.data.source)
    return work


def _watch(folder: Path, stopping: threading.Event, over: threading.Event) -> None:
    while not over.wait(_LOOK_SECONDS):
        if is_asked_to_stop(folder):
            stopping.set()
            return


def _what_to_do(trouble: Trouble) -> str:
    if trouble.again:
        return "Check the address, and whether the server runs; then try again."
    return "Check the address, the model's name and the key."
