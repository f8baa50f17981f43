"""Both models' answers to the held-out prompts."""

import gc
import math
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from threading import Event as Flag
from typing import TYPE_CHECKING, Any, TypeAlias

from core.dataset.example import Example, Split
from core.evaluate.base_scores import BaseScores
from core.evaluate.classes import ask_head, most_frequent
from core.evaluate.general import general_texts
from core.evaluate.metrics.metric import Answer
from core.events import Advanced, Emit, Noted
from core.strategy.plan import Plan

if TYPE_CHECKING:
    from core.backend.model import Loaded

Advance: TypeAlias = Callable[[int], None]

_LONGEST_ANSWER = 512
_MARGIN = 8
_READING = "Reading general texts, to see what was forgotten"


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateTask:
    """Which run to score."""

    plan: Plan
    home: Path
    folder: Path
    """The run's; holds `best/`."""


@dataclass(frozen=True, slots=True)
class Questions:
    """What both models are asked."""

    examples: Sequence[Example]
    labels: tuple[str, ...]
    """To choose among; empty where the answer is free text."""
    max_length: int
    answer_tokens: int
    """Most tokens of a free answer."""

    @property
    def ask_nothing(self) -> bool:
        """Whether the rows are plain texts, which the model reads and nobody asks it to continue."""
        return not any(example.turns for example in self.examples)


@dataclass(frozen=True, slots=True)
class Both:
    """What both models said."""

    base: list[Answer]
    tuned: list[Answer]
    general: tuple[list[Answer], list[Answer]]
    """Their losses on the general texts, the base model's first; none of a head, which reads no words."""


def ask_both(task: EvaluateTask, split: Split, emit: Emit, stopping: Flag) -> Both:
    """Answers of the base and of the tuned model to the test rows, in their order, and to the general texts.

    A method that adds weights is loaded once: with its adapter switched off it is the base model. An untuned head is
    nobody's base: the most frequent label stands in its place.

    Raises:
        Stopped: `stopping` was set; at most one batch later.
    """
    from core.backend.model import load_for, load_tuned
    from core.backend.settling import settle

    plan = task.plan
    emit(Advanced(what="Loading the tuned model", done=0, total=0))
    loaded = settle(load_tuned(plan, task.folder))
    if plan.head == "class":
        return Both(most_frequent(split), ask_head(loaded, plan, split.test, emit, stopping), ([], []))
    questions = _questions(split, loaded, plan.max_length)
    general = Questions(general_texts() if plan.forgetting_check else (), (), plan.max_length, 0)
    tuned = ask(loaded, questions, "Scoring the tuned model", emit, stopping)
    tuned_reads = ask(loaded, general, _READING, emit, stopping) if general.examples else []

    where = f"{loaded.device.name}, {loaded.precision_text}"
    kept = BaseScores(task.home, plan, questions, where), BaseScores(task.home, plan, general, where)
    base, base_reads = kept[0].read(), kept[1].read() if general.examples else []
    if base is not None and base_reads is not None:
        emit(Noted(text="The untuned model's answers were computed before and are reused."))
        return Both(base, tuned, (base_reads, tuned_reads))
    switch: AbstractContextManager[Any] = nullcontext()
    if hasattr(loaded.model, "disable_adapter"):
        switch = loaded.model.disable_adapter()
    else:
        del loaded
        release()
        emit(Advanced(what="Loading the untuned model", done=0, total=0))
        loaded = settle(load_for(plan))
    with switch:
        base = base or ask(loaded, questions, "Scoring the untuned model", emit, stopping)
        base_reads = ask(loaded, general, _READING, emit, stopping) if base_reads is None else base_reads
    kept[0].write(base)
    if general.examples:
        kept[1].write(base_reads)
    return Both(base, tuned, (base_reads, tuned_reads))


def ask(loaded: "Loaded", questions: Questions, what: str, emit: Emit, stopping: Flag) -> list[Answer]:
    """One model's answers: the most likely label, greedy text, or none; and its loss on the references."""
    total = len(questions.examples) * (1 if questions.labels or questions.ask_nothing else 2)
    circles: list[int] = []

    def advance(done: int) -> None:
        emit(Advanced(what=what, done=done, total=total))

    advance(0)
    with loaded.autocast():
        if questions.ask_nothing:
            answers = _read(loaded, questions, advance, stopping)
        elif questions.labels:
            answers = _choose(loaded, questions, advance, stopping)
        else:
            answers = _write(loaded, questions, advance, circles.append, stopping)
    advance(total)
    if circles:
        share = f"{len(circles):,} of {len(answers):,} answers"
        emit(Noted(text=f"{what}: {share} went round in circles and were ended there, the passage kept once."))
    return answers


def release() -> None:
    """Give the memory of models that nobody holds any more back to the machine."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _choose(loaded: "Loaded", questions: Questions, advance: Advance, stopping: Flag) -> list[Answer]:
    """The most likely label of each row; the right label's likelihood is its loss, so no row is read twice."""
    from core.backend.scoring import label_scores
    from core.backend.tokens import answer_ids

    labels = questions.labels
    scores = label_scores(
        loaded.model,
        loaded.tokenizer,
        questions.examples,
        labels,
        questions.max_length,
        on_advance=advance,
        stopping=stopping,
    )
    strange = [example for example in questions.examples if example.answer not in labels]
    losses = iter(_losses(loaded, strange, questions.max_length, stopping=stopping))
    answers = []
    for example, row in zip(questions.examples, scores, strict=True):
        if example.answer in labels:
            nats = -row[labels.index(example.answer)]
            tokens = len(answer_ids(loaded.tokenizer, example.turns, example.answer))
        else:
            nats, tokens = next(losses)
        best = max(range(len(row)), key=row.__getitem__)
        # Among the labels alone: what the model would say besides them is no choice here.
        sure = 1 / sum(math.exp(score - row[best]) for score in row)
        confidence = sure if math.isfinite(sure) else None
        answers.append(Answer(example.answer, labels[best], nats=nats, tokens=tokens, confidence=confidence))
    return answers


def _read(loaded: "Loaded", questions: Questions, advance: Advance, stopping: Flag) -> list[Answer]:
    """The model's loss on plain texts; it says nothing itself."""
    losses = _losses(loaded, questions.examples, questions.max_length, on_advance=advance, stopping=stopping)
    return [
        Answer(reference=example.answer, text="", nats=nats, tokens=tokens)
        for example, (nats, tokens) in zip(questions.examples, losses, strict=True)
    ]


def _write(
    loaded: "Loaded", questions: Questions, advance: Advance, on_circle: Advance, stopping: Flag
) -> list[Answer]:
    """What the model writes to each prompt, and its loss on the reference."""
    from core.backend.scoring import generate

    examples, rows = questions.examples, len(questions.examples)
    unended: set[int] = set()
    texts = generate(
        loaded.model,
        loaded.tokenizer,
        examples,
        questions.answer_tokens,
        max_length=questions.max_length,
        on_advance=advance,
        on_circle=on_circle,
        on_unended=unended.add,
        stopping=stopping,
    )
    losses = _losses(
        loaded, examples, questions.max_length, on_advance=lambda done: advance(rows + done), stopping=stopping
    )
    return [
        Answer(example.answer, text, nats=nats, tokens=tokens, ended=place not in unended)
        for place, (example, text, (nats, tokens)) in enumerate(zip(examples, texts, losses, strict=True))
    ]


def _losses(
    loaded: "Loaded",
    examples: Sequence[Example],
    max_length: int,
    *,
    stopping: Flag,
    on_advance: Advance | None = None,
) -> list[tuple[float, int]]:
    from core.backend.scoring import answer_losses

    return answer_losses(loaded.model, loaded.tokenizer, examples, max_length, on_advance=on_advance, stopping=stopping)


def _questions(split: Split, loaded: "Loaded", max_length: int) -> Questions:
    labels = split.labels if all(example.label is not None for example in split.test) else ()
    seen = (example.answer for example in split.train)
    return Questions(split.test, labels, max_length, answer_tokens(seen, loaded.tokenizer))


def answer_tokens(answers: Iterable[str], tokenizer: Any) -> int:  # noqa: ANN401
    """Room for the longest of `answers`, so that a model which never ends costs no more than that."""
    longest = max((len(tokenizer(answer, add_special_tokens=False)["input_ids"]) for answer in answers), default=0)
    return min(longest + _MARGIN, _LONGEST_ANSWER)
