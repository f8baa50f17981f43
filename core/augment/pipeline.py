"""From seeds to good new rows: ask, sift, choose; and the same in the shape of the guide's listing."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from core.augment.analyse import clusters
from core.augment.card import TaskCard
from core.augment.entries import Entry, Shape
from core.augment.filter.check import Known
from core.augment.filter.choose import choose_diverse
from core.augment.filter.funnel import Sifted, sift
from core.augment.generate import Asking, failed, paid_for
from core.augment.journal import Journal, Paid
from core.augment.prompt import write_prompt
from core.augment.replies import Unreadable, read_rows
from core.augment.spend import EXPECTED_RETENTION, Limits, Spend
from core.augment.teachers import TEACHERS
from core.augment.teachers.openai import tokens_of
from core.augment.teachers.teacher import Reply, Request
from core.augment.variation import cell_of, draw_shots
from core.dataset.provenance import Generated
from core.errors import DataError, UserError
from core.events import Advanced, Emit

ROWS_A_QUESTION = 4
FEWEST_SEEDS = 8
_MOST_ROUNDS = 6
_FEWEST_QUESTIONS = 4
_HOPELESS = 0.05
"""Share of candidates that pass, below which asking on is a waste."""
_JUDGED = 40
"""Candidates before that share says anything."""
_BATCH = 2
"""Questions between two looks, for each that may be asked at once."""
_LOOK_SECONDS, _LOOK_SHARE = 2.0, 5.0
"""Seconds between two looks at how it stands, and how much longer than a look itself they are apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What a number of new rows will take, if as many pass as usually do."""

    questions: int
    prompt_tokens: int
    answer_tokens: int
    cost: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    """What one question takes."""

    prompt_tokens: float
    answer_tokens: float
    question: str
    """The first one, in full."""

    def forecast(self, count: int, limits: Limits) -> Forecast:
        """Of so many new rows, if as many pass as usually do."""
        questions = _questions(count / EXPECTED_RETENTION)
        prompt, answer = round(self.prompt_tokens * questions), round(self.answer_tokens * questions)
        return Forecast(
            questions=questions, prompt_tokens=prompt, answer_tokens=answer, cost=limits.cost(prompt, answer)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of it."""

    chosen: tuple[Entry, ...]
    """The new rows, the most worthwhile first."""
    candidates: tuple[Entry, ...]
    unreadable: Mapping[str, int]
    """Why rows of answers could not be read, to how many."""
    sifted: Sifted
    prompt_tokens: int
    answer_tokens: int
    cost: float
    ended: str = ""
    """Why there are fewer rows than were asked for; empty where there are not."""


@dataclass(kw_only=True)
class Augmentation:
    """Everything that decides the new rows."""

    known: Known
    card: TaskCard
    teacher: str
    options: Any
    """A model of the teacher's options."""
    folder: Path
    """Where answers are kept; the same folder again goes on from there."""
    key: str = field(default="", repr=False)
    diversity_weight: float = 0.3
    limits: Limits = field(default_factory=Limits)
    first_pause: float = 1.0

    def __post_init__(self) -> None:
        """Look at the seeds once.

        Raises:
            DataError: There are too few seeds to learn from.
        """
        seeds = self.known.seeds
        if len(seeds) < FEWEST_SEEDS:
            raise DataError(
                f"{len(seeds)} training rows are too few to show a teacher what is wanted.",
                f"At least {FEWEST_SEEDS} are needed; 50 are a sensible beginning.",
            )
        self._clusters = clusters(self.known.shape, seeds)
        longest = sorted(sum(map(len, seed.cells.values())) for seed in seeds)[-1 - len(seeds) // 20]
        self._answer_room = ROWS_A_QUESTION * (tokens_of("x" * longest) * 3 // 2 + 40)

    def forecast(self, count: int) -> Forecast:
        """Before anything is paid."""
        return self.usual().forecast(count, self.limits)

    def usual(self) -> Usual:
        """What one question takes."""
        tokens = [tokens_of(self._request(number, ()).prompt) for number in range(20)]
        usual = sorted(sum(map(len, seed.cells.values())) for seed in self.known.seeds)[len(self.known.seeds) // 2]
        return Usual(
            prompt_tokens=sum(tokens) / len(tokens),
            answer_tokens=ROWS_A_QUESTION * (tokens_of("x" * usual) + 20),
            question=self._request(0, ()).prompt,
        )

    def ask_first(self) -> tuple[list[Entry], dict[str, int], Reply]:
        """Ask the first question, unless it was; rows, why others cannot be read, and the answer, which is kept.

        Raises:
            Trouble: There is no answer.
            SettingsError: The teacher cannot be asked so.
        """
        journal, request = Journal(self.folder), self._request(0, ())
        known = next((paid for paid in journal.read() if paid.number == 0 and paid.text), None)
        if known is None:
            reply = TEACHERS[self.teacher].open(self.options, self.key)(request)
            known = paid_for(request, reply)
            journal.write(known)
        rows, unreadable = self.candidates_of([known])
        reply = Reply(text=known.text, prompt_tokens=known.prompt_tokens, answer_tokens=known.answer_tokens)
        return rows, unreadable, reply

    def run(
        self, count: int, emit: Emit, stopping: threading.Event, seen: Callable[[Outcome], None] | None = None
    ) -> Outcome:
        """Ask in rounds until `count` rows are good, or more asking is of no use; `seen` hears how it stands between.

        Raises:
            UserError: The teacher failed again and again; the answers so far are kept.
            SettingsError: The teacher cannot be asked so.
        """
        journal, spend = Journal(self.folder), Spend(self.limits)
        paid = list(journal.read())
        for answer in paid:
            spend.settle((0, 0), (answer.prompt_tokens, answer.answer_tokens))

        def heard(answer: Paid) -> None:
            paid.append(answer)
            emit(Advanced(what=f"Answers of the teacher, {spend.cost:.2f} spent", done=len(paid), total=0))

        teacher = TEACHERS[self.teacher]
        asking = Asking(
            ask=teacher.open(self.options, self.key),
            journal=journal,
            spend=spend,
            at_once=teacher.at_once,
            stopping=stopping,
            first_pause=self.first_pause,
            heard=heard,
        )
        ended = ""
        looks = _Looks(seen)
        for _ in range(_MOST_ROUNDS):
            outcome = self._judged(paid, spend, count)
            emit(Advanced(what="Rows that passed every check", done=len(outcome.sifted.kept), total=count))
            ended = _reason_to_end(outcome, asking, count)
            if ended or len(outcome.sifted.kept) >= count:
                break
            requests = self._round(outcome, {answer.number for answer in paid}, count)
            for batch in _batches(requests, teacher.at_once * _BATCH):
                asking.ask_all(batch)
                if asking.problem:
                    raise UserError(*failed(asking.problem, len(paid)))
                looks.look(lambda: self._judged(paid, spend, count))
        outcome = self._judged(paid, spend, count)
        if len(outcome.chosen) >= count:
            return outcome
        why = ended or _reason_to_end(outcome, asking, count) or f"{_MOST_ROUNDS} rounds of questions did not suffice"
        return replace(outcome, ended=why)

    def candidates_of(self, paid: Sequence[Paid]) -> tuple[list[Entry], dict[str, int]]:
        """The rows of answers, in the order of their questions, and why others could not be read."""
        found: list[Entry] = []
        unreadable: dict[str, int] = {}
        labels, name = self.known.labels, TEACHERS[self.teacher].called(self.options)
        for answer in sorted(paid, key=lambda one: one.number):
            if not answer.text:
                continue
            origin = Generated(name, answer.seeds, answer.prompt)
            for row in read_rows(answer.text, self.known.shape, labels):
                if isinstance(row, Unreadable):
                    unreadable[row.why] = unreadable.get(row.why, 0) + 1
                else:
                    found.append(self.known.shape.entry(row, 0, origin))
        return found, unreadable

    def _judged(self, paid: Sequence[Paid], spend: Spend, count: int) -> Outcome:
        candidates, unreadable = self.candidates_of(paid)
        sifted = sift(self.known, candidates)
        kept = [candidates[place] for place in sifted.kept]
        quality = {at: sifted.quality[place] for at, place in enumerate(sifted.kept) if place in sifted.quality}
        taken = choose_diverse(self.known.shape, self.known.seeds, kept, quality, count, self.diversity_weight)
        return Outcome(
            chosen=tuple(kept[place] for place in taken),
            candidates=tuple(candidates),
            unreadable=unreadable,
            sifted=sifted,
            prompt_tokens=spend.prompt_tokens,
            answer_tokens=spend.answer_tokens,
            cost=spend.cost,
        )

    def _round(self, outcome: Outcome, asked: set[int], count: int) -> list[Request]:
        seen, kept = len(outcome.candidates), len(outcome.sifted.kept)
        share = kept / seen if seen >= _JUDGED else EXPECTED_RETENTION
        many = _questions((count - kept) / max(share, _HOPELESS * 2))
        first = max(asked, default=-1) + 1
        good = [outcome.candidates[place] for place in outcome.sifted.kept]
        return [self._request(number, good) for number in range(first, first + many)]

    def _request(self, number: int, generated: Sequence[Entry]) -> Request:
        cell = cell_of(self.card, number)
        shots = draw_shots(cell, number, self.known.seeds, self._clusters, generated)
        shape: Shape = self.known.shape
        return Request(
            number=number,
            prompt=write_prompt(self.card, shape, cell, shots, ROWS_A_QUESTION),
            shots=shots,
            cell=cell,
            shape=shape,
            rows=ROWS_A_QUESTION,
            most_tokens=self._answer_room,
        )


class _Looks:
    """Looks at how it stands between answers, rarely enough to cost little."""

    def __init__(self, seen: Callable[[Outcome], None] | None) -> None:
        self._seen = seen
        self._next = 0.0

    def look(self, judge: Callable[[], Outcome]) -> None:
        """Judge and tell, if it is time for that."""
        began = time.monotonic()
        if self._seen and began >= self._next:
            self._seen(judge())
            took = time.monotonic() - began
            self._next = began + took + _LOOK_SECONDS + _LOOK_SHARE * took


def _batches(requests: Sequence[Request], size: int) -> Iterator[Sequence[Request]]:
    for start in range(0, len(requests), size):
        yield requests[start : start + size]


def _questions(candidates: float) -> int:
    return max(_FEWEST_QUESTIONS, -(-int(candidates + 0.999) // ROWS_A_QUESTION))


def _reason_to_end(outcome: Outcome, asking: Asking[Request], count: int) -> str:
    if asking.stopping.is_set():
        return "it was stopped"
    if asking.capped:
        return "the cap on tokens or money was reached"
    seen, kept = len(outcome.candidates) + sum(outcome.unreadable.values()), len(outcome.sifted.kept)
    if seen >= _JUDGED and kept < _HOPELESS * seen and kept < count:
        return f"of {seen} rows that the teacher wrote only {kept} are good"
    return ""
