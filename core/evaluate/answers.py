"""Both models' answers to the held-out prompts."""

import gc
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from threading import Event as Flag
from typing import TYPE_CHECKING, Any, TypeAlias

from core.dataset.example import Example, Split
from core.evaluate.base_scores import BaseScores
from core.evaluate.metrics.metric import Answer
from core.events import Advanced, Emit, Noted
from core.strategy.plan import Plan

if TYPE_CHECKING:
    from core.backend.model import Loaded

Advance: TypeAlias = Callable[[int], None]

_LONGEST_ANSWER = 512
_MARGIN = 8


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

    examples: tuple[Example, ...]
    labels: tuple[str, ...]
    """To choose among; empty where the answer is free text."""
    max_length: int
    answer_tokens: int
    """Most tokens of a free answer."""


def ask_both(task: EvaluateTask, split: Split, emit: Emit, stopping: Flag) -> tuple[list[Answer], list[Answer]]:
    """Answers of the base and of the tuned model to the test rows, in their order.

    A method that adds weights is loaded once: with its adapter switched off it is the base model.

    Raises:
        Stopped: `stopping` was set; at most one batch later.
    """
    from core.backend.model import load_for, load_tuned

    plan = task.plan
    emit(Advanced(what="Loading the tuned model", done=0, total=0))
    loaded = load_tuned(plan, task.folder)
    questions = _questions(split, loaded, plan.max_length)
    tuned = ask(loaded, questions, "Scoring the tuned model", emit, stopping)

    scores = BaseScores(task.home, plan, questions, f"{loaded.device.name}, {loaded.precision_text}")
    base = scores.read()
    if base is not None:
        emit(Noted(text="The untuned model's answers were computed before and are reused."))
        return base, tuned
    switch: AbstractContextManager[Any] = nullcontext()
    if hasattr(loaded.model, "disable_adapter"):
        switch = loaded.model.disable_adapter()
    else:
        del loaded
        release()
        emit(Advanced(what="Loading the untuned model", done=0, total=0))
        loaded = load_for(plan)
    with switch:
        base = ask(loaded, questions, "Scoring the untuned model", emit, stopping)
    scores.write(base)
    return base, tuned


def ask(loaded: "Loaded", questions: Questions, what: str, emit: Emit, stopping: Flag) -> list[Answer]:
    """One model's answers: the most likely label, or greedy text; and its loss on the references."""
    from core.backend.scoring import answer_losses

    total = 2 * len(questions.examples)

    def advance(done: int) -> None:
        emit(Advanced(what=what, done=done, total=total))

    advance(0)
    texts = _labels if questions.labels else _texts
    with loaded.autocast():
        said = texts(loaded, questions, advance, stopping)
        losses = answer_losses(
            loaded.model,
            loaded.tokenizer,
            questions.examples,
            questions.max_length,
            on_advance=lambda done: advance(total // 2 + done),
            stopping=stopping,
        )
    return [
        Answer(reference=example.answer, text=text, nats=nats, tokens=tokens)
        for example, text, (nats, tokens) in zip(questions.examples, said, losses, strict=True)
    ]


def release() -> None:
    """Give the memory of models that nobody holds any more back to the machine."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _labels(loaded: "Loaded", questions: Questions, advance: Advance, stopping: Flag) -> list[str]:
    from core.backend.scoring import label_scores

    scores = label_scores(
        loaded.model,
        loaded.tokenizer,
        questions.examples,
        questions.labels,
        questions.max_length,
        on_advance=advance,
        stopping=stopping,
    )
    return [questions.labels[max(range(len(row)), key=row.__getitem__)] for row in scores]


def _texts(loaded: "Loaded", questions: Questions, advance: Advance, stopping: Flag) -> list[str]:
    from core.backend.scoring import generate

    return generate(
        loaded.model,
        loaded.tokenizer,
        questions.examples,
        questions.answer_tokens,
        max_length=questions.max_length,
        on_advance=advance,
        stopping=stopping,
    )


def _questions(split: Split, loaded: "Loaded", max_length: int) -> Questions:
    labels = split.labels if all(example.label is not None for example in split.test) else ()
    return Questions(split.test, labels, max_length, _answer_tokens(split.train, loaded.tokenizer))


def _answer_tokens(train: Sequence[Example], tokenizer: Any) -> int:  # noqa: ANN401
    """Room for the longest answer that training saw, so that a model which never ends costs no more than that."""
    longest = max(len(tokenizer(example.answer, add_special_tokens=False)["input_ids"]) for example in train)
    return min(longest + _MARGIN, _LONGEST_ANSWER)
