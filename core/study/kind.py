"""What a kind of study is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.evaluate.metrics.metric import Measure
from core.strategy.plan import Plan
from core.study.curve import Curve, Multiplier
from core.study.outcome import Outcome
from core.study.study import Variant


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """What a study starts from."""

    plan: Plan
    swaps: Mapping[str, Mapping[str, Any]]
    """Every method, and what changes in the plan when it is taken."""
    train_rows: int
    """Rows that there are to train on."""
    human_rows: int
    """Of them those that no teacher wrote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a study found."""

    headline: str
    """The finding as one sentence, the title of the figure."""
    advice: str
    """What to do, one or two sentences."""
    adopt: Plan | None = None
    """The plan to go on with; None where the study recommends none."""
    notes: tuple[str, ...] = ()
    """How far to trust it."""
    curve: Curve | None = None
    multiplier: Multiplier | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """What a study's variants came to, as a kind draws its conclusion from them."""

    plan: Plan
    """What they have in common."""
    variants: Sequence[Variant]
    outcomes: Sequence[Outcome]
    """The untuned model first, where it was scored."""
    measure: Measure
    """The metric that decides."""
    span: tuple[float, float]
    """Lowest and highest value that it can have."""

    @property
    def scored(self) -> list[Outcome]:
        """Those with a score, the untuned model too."""
        return [outcome for outcome in self.outcomes if outcome.score is not None]

    @property
    def tuned(self) -> list[Outcome]:
        """The variants with a score."""
        return [outcome for outcome in self.scored if outcome.run]

    def plan_of(self, outcome: Outcome) -> Plan | None:
        """The plan behind an outcome; None for the untuned model."""
        return next((it.plan for it in self.variants if it.label == outcome.label), None)


def _as_they_are(outcomes: Sequence[Outcome], measure: Measure) -> Sequence[Outcome]:
    del measure
    return outcomes


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One question that several runs answer: what is varied, and what follows from the scores."""

    name: str
    title: str
    question: str
    values: str
    """What is varied, in words: "names of methods"."""
    axis: str
    """Title of the figure's axis; empty where the variants have no order."""
    default: Callable[[Base], list[str]]
    """The values that are taken where nobody chose some."""
    vary: Callable[[Base, str], Variant]
    """The variant of a value as it was typed.

    Raises:
        SettingsError: The value is none for this plan.
    """
    conclude: Callable[[Results], Finding | None]
    """What the scores say; None where they are too few to say anything."""
    prunable: bool = False
    """Whether a run that cannot win may be given up: where the best one is sought, and not each one's score."""
    expand: Callable[[Sequence[str]], Sequence[str]] = list
    """The values that what was typed stands for: five parts for "5"."""
    pool: Callable[[Sequence[Outcome], Measure], Sequence[Outcome]] = _as_they_are
    """The outcomes as they are compared and shown: where variants are parts of one, that one before them."""
    undone: Mapping[str, Any] = field(default_factory=dict)
    """What the plan's data become before anything is varied: all rows, where it is rows that are varied."""
