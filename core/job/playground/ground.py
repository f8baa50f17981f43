"""What prompts of one run have in common: its held-out rows, its instruction, its labels."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from core.dataset.choice import DataChoice
from core.dataset.example import Example, Split, Turn
from core.errors import UserError
from core.evaluate.evaluation import Evaluation
from core.job.playground.question import Asked, Question
from core.strategy.plan import Plan

_KEPT = 4
_LOOKED = 200
"""Rows that are looked at for a common system message."""
_BEGINNING = 200
"""Characters of a plain text from which the models go on."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """A row that no training saw."""

    row: int
    """Of its file, counted from 1."""
    text: str
    """What stands in the field of the prompt: its last question, without the instruction that all rows have."""
    reference: str
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class Ground:
    """What is known of a run's rows."""

    rows: Sequence[Example]
    labels: tuple[str, ...] = ()
    instruction: str = ""
    system: tuple[Turn, ...] = ()
    """What all conversations begin with."""
    head: bool = False
    """Whether a layer chooses among the labels and nothing is written."""
    plain: bool = False
    """Whether the rows are texts that ask nothing."""
    problem: UserError | None = None
    """Why the rows are not those of the data any more."""

    def held_out(self, place: int) -> HeldOut:
        """The row at `place`, counted from 1.

        Raises:
            UserError: There are no rows.
        """
        if not self.rows:
            raise self.problem or UserError("This run has no held-out rows.", "Type a prompt of your own.")
        example = self.rows[(place - 1) % len(self.rows)]
        if not example.turns:
            end = _end_of(example.answer)
            return HeldOut(example.row, example.answer[:end], example.answer[end:].lstrip(), ())
        return HeldOut(example.row, self._without(example.turns[-1].content), example.answer, example.turns)

    def asked(self, question: Question) -> Asked:
        """A question as the rows ask: just like its row where it is one, else behind the same instruction.

        Raises:
            UserError: Nothing is asked.
        """
        if not question.text.strip():
            raise UserError("There is no prompt yet.", "Type one, or take a held-out row.")
        row = self.held_out(question.place) if question.place and self.rows else None
        if row is not None and row.text == question.text:
            turns = () if self.head else row.turns
            return Asked(turns=turns, text=row.text, labels=self.labels, reference=row.reference, row=row.row)
        if self.plain or self.head:
            return Asked(turns=(), text=question.text, labels=self.labels)
        told = f"{self.instruction}\n\n{question.text}" if self.instruction else question.text
        return Asked(turns=(*self.system, Turn("user", told)), text=question.text, labels=self.labels)

    def _without(self, content: str) -> str:
        return content.removeprefix(f"{self.instruction}\n\n") if self.instruction else content


class Grounds:
    """The grounds of the runs that were looked at last."""

    def __init__(
        self, split: Callable[[DataChoice, int], Split], evaluation: Callable[[str], Evaluation | None]
    ) -> None:
        self._split, self._evaluation = split, evaluation
        self._known: OrderedDict[str, Ground] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, run_id: str, plan: Plan) -> Ground:
        """That of a run; where its data are gone, its rows are those that were scored."""
        with self._lock:
            known = self._known.pop(run_id, None) or self._made(run_id, plan)
            if known.problem is None:
                self._known[run_id] = known
                while len(self._known) > _KEPT:
                    self._known.popitem(last=False)
        return known

    def _made(self, run_id: str, plan: Plan) -> Ground:
        try:
            split = self._split(plan.data, plan.seed)
        except UserError as error:
            return self._scored(run_id, plan, error)
        rows = split.test or split.validation
        labels = split.labels if rows and rows[0].label is not None else ()
        return _ground(plan, rows, labels, None)

    def _scored(self, run_id: str, plan: Plan, problem: UserError) -> Ground:
        scored = self._evaluation(run_id)
        plain = scored is not None and not any(row.prompt for row in scored.rows)
        rows = [
            Example(row.row, () if plain else (Turn("user", row.prompt),), row.reference)
            for row in (scored.rows if scored else ())
        ]
        return _ground(plan, rows, tuple(scored.labels) if scored else (), problem)


def _ground(plan: Plan, rows: Sequence[Example], labels: tuple[str, ...], problem: UserError | None) -> Ground:
    first = next(iter(rows), None)
    told = plan.data.instruction
    stands = first is not None and bool(first.turns) and first.turns[-1].content.startswith(f"{told}\n\n")
    begins = {row.turns[:1] for row in islice(rows, _LOOKED)}
    system = next(iter(begins)) if len(begins) == 1 else ()
    return Ground(
        rows,
        labels,
        instruction=told if stands or first is None else "",
        system=system if system and system[0].role == "system" else (),
        head=plan.head == "class",
        plain=first is not None and not first.turns,
        problem=problem,
    )


def _end_of(text: str) -> int:
    """Where the beginning of a plain text ends: between two words, and before half of it."""
    most = min(_BEGINNING, max(1, len(text) // 2))
    return text.rfind(" ", 1, most + 1) if " " in text[1 : most + 1] else most
