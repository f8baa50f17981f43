"""Ask the untuned model the validation rows, without and with worked examples in front."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import takewhile
from threading import Event as Flag
from typing import TYPE_CHECKING

from core.dataset.example import Example, Split
from core.dataset.progress import Progress, Steps, Tell
from core.dataset.splits.kept import spread
from core.errors import DataError, MachineError, ModelError
from core.evaluate.answers import Questions, answer_tokens, ask
from core.evaluate.compare import primary_metric
from core.evaluate.metrics import METRICS
from core.evaluate.metrics.metric import Answer, Metric
from core.evaluate.prompting import PromptedRows, Prompting, PromptScore
from core.evaluate.shots import draw, first_answer, some, with_shots
from core.evaluate.statistics import bootstrap_interval, wilson_interval
from core.events import Advanced, Event
from core.strategy.lengths import LONGEST
from core.strategy.model_facts import ModelFacts

if TYPE_CHECKING:
    from core.backend.model import Loaded

ROWS = 100
"""Validation rows that are asked at most."""
EXAMPLES = 8
"""Examples that stand in the prompt at most."""
REACHED = 0.9
"""Share of the rows before which so many examples must fit."""
_LOADING = "loading the model"


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is asked: rows, examples, and how many of them fit before each row."""

    rows: list[Example]
    too_long: int
    shots: tuple[Example, ...]
    reach: list[int]
    labels: tuple[str, ...]
    room: int
    answer_tokens: int

    @property
    def counts(self) -> list[int]:
        """How many examples are tried: none, about half of what fits, and what fits before nearly all rows."""
        full = sorted(self.reach)[int((1 - REACHED) * len(self.reach))]
        return sorted({0, (full + 1) // 2, full})


def refuse_unfit(split: Split) -> None:
    """Make sure that there is something to ask.

    Raises:
        DataError: There are no validation rows, or they ask nothing.
    """
    if not split.validation:
        raise DataError(
            "There are no validation rows to try a prompt on.", "Hold some rows out for validation on the data page."
        )
    if not any(example.turns for example in split.validation):
        raise DataError(
            "These rows are plain texts that ask nothing, so no prompt can answer them.",
            "Read them as prompts with answers, if they hold some.",
        )


def try_prompts(split: Split, facts: ModelFacts, seed: int, tell: Tell) -> Prompting:
    """Score the untuned model of `facts` on the validation rows of `split`, never on its test rows.

    Raises:
        DataError: There is nothing to ask, or no example fits beside the rows.
        ModelError: The model cannot be loaded.
        MachineError: It does not fit into memory.
    """
    began = time.monotonic()
    refuse_unfit(split)
    with _untuned(facts, tell) as loaded:
        plan = _plan(split, some(split.validation, ROWS, seed), loaded, min(facts.context, LONGEST), seed)
        metric = METRICS[primary_metric(plan.rows, labelled=bool(plan.labels))]
        scores = tuple(_scores(loaded, plan, metric, seed, tell))
    most = plan.counts[-1]
    return Prompting(
        model=facts.title,
        metric=metric.name,
        scores=scores,
        rows=len(plan.rows),
        among=len(split.validation),
        too_long=plan.too_long,
        room=plan.room,
        most_frequent=_most_frequent(split, plan),
        taken=tuple(shot.row for shot in plan.shots[:most]),
        seed=seed,
        seconds=time.monotonic() - began,
        at=time.time(),
    )


def answer_rows(split: Split, facts: ModelFacts, examples: int, seed: int, tell: Tell) -> PromptedRows:
    """Ask the untuned model of `facts` all test rows with `examples` training rows in front, or as many as fit.

    How many examples, the validation rows have decided: `try_prompts`.

    Raises:
        ModelError: The model cannot be loaded, or has no room for an example.
        MachineError: It does not fit into memory.
    """
    began = time.monotonic()
    about = "asking the test rows"
    with _untuned(facts, tell) as loaded:
        plan = _plan(split, split.test, loaded, min(facts.context, LONGEST), seed, all_rows=True)
        put = [plan.shots[: min(examples, reach)] for reach in plan.reach]
        steps = Steps(tell, {_LOADING: 1.0, about: 9.0})
        answers = _answers(loaded, plan, put, about, steps.begin(about))
    return PromptedRows(
        examples=examples,
        short=sum(len(shots) < examples for shots in put),
        answers={row.row: answer.text for row, answer in zip(plan.rows, answers, strict=True)},
        taken=tuple(shot.row for shot in plan.shots[:examples]),
        seconds=time.monotonic() - began,
        at=time.time(),
    )


@contextmanager
def _untuned(facts: ModelFacts, tell: Tell) -> Iterator["Loaded"]:
    """The model, loaded; what goes wrong with it is said as an error of ours."""
    tell(_LOADING, 0.0)
    from core.backend.devices import choose_threads
    from core.backend.failures import explain
    from core.backend.model import load_base
    from core.backend.settling import settle

    choose_threads()
    try:
        loaded = settle(load_base(facts.model))
        loaded.model.eval()
        yield loaded
    except (RuntimeError, MemoryError, OSError) as error:
        told = explain(error)
        full = isinstance(told, MachineError) and "memory is full" in told.what
        raise (MachineError(told.what, "Close other programs, or choose a smaller model.") if full else told) from error


def _plan(
    split: Split, drawn: Sequence[Example], loaded: "Loaded", room: int, seed: int, *, all_rows: bool = False
) -> _Plan:
    """Draw examples for the rows `drawn`, and see what fits.

    A row that is too long even alone is left out; of `all_rows` none is: it is shortened, as for the tuned model.

    Raises:
        ModelError: The room is too small for the rows, or for one example beside most of them.
    """
    from core.backend.tokens import prompt_ids

    labels = split.labels if all(example.label is not None for example in drawn) else ()
    shots = draw(split.train, EXAMPLES, seed)
    answers = list(labels) if labels else [example.answer for example in spread(split.train, 500)]
    tokens = answer_tokens(answers, loaded.tokenizer)

    def most(row: Example) -> int:
        """As many examples as fit before it; -1 where it does not fit by itself."""
        sizes = (len(prompt_ids(loaded.tokenizer, with_shots(row, shots[:n]).turns)) for n in range(len(shots) + 1))
        return sum(1 for _ in takewhile(lambda size: size + tokens <= room, sizes)) - 1

    reach = [max(most(row), 0 if all_rows else -1) for row in drawn]
    rows = [row for row, count in zip(drawn, reach, strict=True) if count >= 0]
    plan = _Plan(rows, len(drawn) - len(rows), shots, [count for count in reach if count >= 0], labels, room, tokens)
    if not rows or plan.counts[-1] == 0:
        fitting = sum(count > 0 for count in reach)
        raise ModelError(
            f"The model has room for {room:,} tokens, and {fitting:,} of {len(drawn):,} rows fit into that "
            "with an example in front.",
            "Choose a model with a longer context; for these rows tuning needs less of it than examples do.",
        )
    return plan


def _scores(loaded: "Loaded", plan: _Plan, metric: Metric, seed: int, tell: Tell) -> Iterator[PromptScore]:
    abouts = {count: f"asking with {count} examples" if count else "asking without examples" for count in plan.counts}
    # What is read grows with the examples; how long a row is beside them is not worth counting here.
    steps = Steps(tell, {_LOADING: 4.0, **{about: 1.0 + count for count, about in abouts.items()}})
    for count, about in abouts.items():
        put = [plan.shots[: min(count, reach)] for reach in plan.reach]
        answers = _answers(loaded, plan, put, about, steps.begin(about))
        yield _score(metric, answers, count, sum(reach < count for reach in plan.reach), seed)


def _answers(
    loaded: "Loaded", plan: _Plan, put: Sequence[Sequence[Example]], about: str, advance: Progress
) -> list[Answer]:
    """The model's answer to each row of the plan, with its own examples in front."""

    def emit(event: Event) -> None:
        if isinstance(event, Advanced) and event.total:
            advance(event.done / event.total)

    asked = [with_shots(row, shots) for row, shots in zip(plan.rows, put, strict=True)]
    answers = ask(loaded, Questions(asked, plan.labels, plan.room, plan.answer_tokens), about, emit, Flag())
    if not plan.labels and not loaded.tokenizer.chat_template:
        pairs = zip(answers, put, strict=True)
        answers = [replace(answer, text=first_answer(answer.text, shots)) for answer, shots in pairs]
    return answers


def _score(metric: Metric, answers: Sequence[Answer], examples: int, short: int, seed: int) -> PromptScore:
    import numpy as np

    each = np.array([metric.score_row(answer) or 0.0 for answer in answers])
    interval = wilson_interval(each.sum(), len(each)) if metric.binary else bootstrap_interval(each, seed=seed)
    low, high = map(float, interval)
    return PromptScore(examples=examples, value=metric.aggregate(answers), low=low, high=high, short=short)


def _most_frequent(split: Split, plan: _Plan) -> float | None:
    """The share of the asked rows that have the label which most training rows have."""
    if not plan.labels:
        return None
    [(label, _)] = Counter(example.label for example in split.train).most_common(1)
    return sum(example.label == label for example in plan.rows) / len(plan.rows)
