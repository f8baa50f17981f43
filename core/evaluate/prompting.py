"""What the untuned model gets with worked examples in its prompt, and whether that does instead of tuning."""

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from core.evaluate.metrics import METRICS
from core.evaluate.metrics.metric import Metric

ENOUGH, SURELY_ENOUGH = 0.9, 0.85
"""A score, and the lower end of its interval, that tuning would hardly better."""

WORTHLESS = 0.01
"""A score of free text that says nothing, however little the others get."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptScore:
    """The score with so many examples in front of each row."""

    examples: int
    value: float
    low: float
    high: float
    """Ends of a 95 % interval."""
    short: int = 0
    """Rows that had fewer examples in front, because no more fitted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """Something that does the same task, and its score by the same metric."""

    name: str
    value: float
    low: float
    high: float
    rows: str
    """On which rows: "60 validation rows"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptedRows:
    """The untuned model's answers to the test rows, with examples of the training rows in the prompt."""

    examples: int
    """That stand in front of each row."""
    short: int
    """Rows that had fewer, because no more fitted."""
    answers: dict[int, str]
    """Row in its file, counted from 1, to the answer."""
    taken: tuple[int, ...]
    """Rows of the training file that were the examples, in their order."""
    seconds: float
    """That it took."""
    at: float
    """When it was asked: UTC epoch, seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompting:
    """The untuned model on validation rows, without and with examples of the training rows in the prompt."""

    model: str
    """As people call it."""
    metric: str
    scores: tuple[PromptScore, ...]
    """First without examples, then with more and more."""
    rows: int
    """Validation rows that were asked."""
    among: int
    """All validation rows."""
    too_long: int
    """Rows that were drawn and not asked, because they alone are longer than the room."""
    room: int
    """Tokens of examples, question and answer together."""
    most_frequent: float | None
    """What giving each row the most frequent label of the training rows would get; None for free text."""
    taken: tuple[int, ...]
    """Rows of the training file that were the examples, in their order."""
    seed: int
    seconds: float
    """That all of it took."""
    at: float
    """When it was measured: UTC epoch, seconds."""

    @property
    def best(self) -> PromptScore:
        """The best score; of equal ones that with the fewest examples."""
        return max(self.scores, key=lambda score: (score.value, -score.examples))

    @property
    def most_helpful(self) -> int:
        """With how many examples, at least one, the score was best; of equal ones the fewest."""
        return max((one for one in self.scores if one.examples), key=lambda one: (one.value, -one.examples)).examples

    @property
    def told(self) -> str:
        """The scores in a sentence."""
        metric = METRICS[self.metric]
        first, *rest = sorted(self.scores, key=lambda score: -score.examples)
        right = " right" if metric.binary else ""
        unit = "" if metric.binary else f" {metric.title}"
        lead = f"With {_counted(first.examples, 'example')} in the prompt the untuned {self.model} gets "
        others = ", ".join(f"{_with(score.examples)} {_shown(metric, score)}" for score in rest)
        return f"{lead}{_shown(metric, first)}{unit} of {_counted(self.rows, 'validation row')}{right}; {others}."

    @property
    def notes(self) -> Iterator[str]:
        """What limits the scores, and what they stand on."""
        if self.best.examples == 0:
            yield "Examples in the prompt do not help it."
        if self.rows + self.too_long < self.among:
            yield f"{self.rows + self.too_long:,} of the {self.among:,} validation rows were drawn at random."
        if self.too_long:
            were = "was not asked: it is" if self.too_long == 1 else "were not asked: they are"
            yield f"{_counted(self.too_long, 'row')} {were} longer than the {self.room:,} tokens that there are."
        for score in self.scores:
            if score.short:
                yield (
                    f"{_counted(score.short, 'row')} had fewer than {score.examples} examples in front: no more fit "
                    f"into {self.room:,} tokens."
                )
        if self.most_frequent is not None:
            yield f"Giving every row the most frequent label would get {METRICS[self.metric].show(self.most_frequent)}."
        yield f"The examples are the training rows {', '.join(f'{row:,}' for row in self.taken)}, in this order."

    def beside(self, rivals: Sequence[Rival]) -> Iterator[str]:
        """A sentence for each rival."""
        if not rivals:
            yield "Once a run on these data is scored, its result stands beside this."
        metric, best = METRICS[self.metric], self.best
        for rival in rivals:
            said = f"{rival.name} gets {_shown(metric, rival)} of {rival.rows}"
            if best.value >= rival.value:
                yield f"{said}: not more than the prompt."
            elif best.high >= rival.value:
                yield f"{said}: more than the prompt, but on so few rows that may be chance."
            else:
                yield f"{said}: more than the prompt."

    def caution(self, rivals: Sequence[Rival]) -> str:
        """Why tuning may not be needed; empty where nothing says so."""
        best = self.best
        if best.low <= (WORTHLESS if self.most_frequent is None else self.most_frequent):
            return ""  # whatever else does no better is no measure
        how = f"With {_counted(best.examples, 'example')} in the prompt" if best.examples else "Without any example"
        equal = [rival.name[:1].lower() + rival.name[1:] for rival in rivals if best.value >= rival.value]
        if equal:
            return f"{how} the untuned model does as well as {' and '.join(equal)}. Prompting may be enough."
        if best.value >= ENOUGH and best.low >= SURELY_ENOUGH:
            return f"{how} the untuned model is nearly always right. Prompting may be enough."
        return ""

    def as_json(self, rivals: Sequence[Rival]) -> dict[str, Any]:
        """All of it, beside its rivals."""
        return dataclasses.asdict(self) | {
            "told": [self.told, *self.notes, *self.beside(rivals)],
            "caution": self.caution(rivals),
            "beside": [dataclasses.asdict(rival) for rival in rivals],
        }


def _shown(metric: Metric, score: PromptScore | Rival) -> str:
    low, high = (metric.show(end).removesuffix(" %") for end in (score.low, score.high))
    return f"{metric.show(score.value)} ({low} to {high})"


def _with(examples: int) -> str:
    return f"with {_counted(examples, 'example')}" if examples else "without any"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun if count == 1 else noun + 's'}"
