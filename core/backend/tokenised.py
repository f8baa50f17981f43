"""The rows of a run as tokens, and what became of those that cannot be learned from."""

import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from core.backend.classes import encode_class, text_of
from core.backend.model import Loaded
from core.backend.objective import balanced, lightened
from core.backend.tokens import Encoded, encode_all
from core.dataset.example import Example, Split
from core.dataset.variants import vary
from core.errors import DataError, Stopped
from core.strategy.architectures import lost_positions
from core.strategy.plan import Plan


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the split as tokens."""

    rows: list[Encoded]
    """A long text without prompt makes several."""
    given: int
    """Examples of this part."""
    too_long: int
    """Left out because their answer alone does not fit."""
    empty: int
    """Left out because not one of their tokens would carry loss: a text of one token, an answer without any."""
    strange: int = 0
    """Left out because no training row has their label, so that a head has no place for it."""

    @property
    def windows(self) -> int:
        """Rows beyond one for each example."""
        return len(self.rows) - (self.given - self.dropped)

    @property
    def dropped(self) -> int:
        """All that were left out."""
        return self.too_long + self.empty + self.strange


@dataclass(frozen=True, slots=True)
class Rows:
    """The tokenised rows of a run."""

    train: Part
    validation: Part
    variants: int = 0
    """Of the training examples, those that were made of others."""

    @property
    def truncated(self) -> int:
        """Training rows whose prompt was shortened."""
        return sum(row.truncated for row in self.train.rows)


def tokenise(
    loaded: Loaded, split: Split, plan: Plan, stopping: threading.Event, generated: Collection[int] = ()
) -> Rows:
    """Tokenise the rows that training needs; `generated` are the numbers of training rows that a teacher wrote.

    Raises:
        Stopped: Someone asked to stop.
        DataError: No training row, or no validation row, is left to learn from; rare labels are to be weighted where
            there are no labels.
    """
    length = longest_row(loaded, plan)

    def part(examples: Sequence[Example], *, weighs: bool = False) -> Part:
        rows: list[Encoded] = []
        kept: list[Example] = []
        too_long = empty = strange = 0
        for example in examples:
            go_or_stop(stopping)
            if loaded.labels and example.label not in loaded.labels:
                strange += 1
                continue
            made = _encoded(loaded, example, length, plan)
            learned = [row for row in made if row.scored > 0 and row.prompt_length > 0]
            rows += learned
            kept += [example] * len(learned)
            too_long += not made
            empty += bool(made) and not learned
        if weighs:
            rows = lightened(balanced(rows, kept, plan), kept, plan, generated)
        return Part(rows, len(examples), too_long, empty, strange)

    varied = [*split.train, *vary(split.train, plan.variants, plan.seed)] if plan.variants else split.train
    found = Rows(part(varied, weighs=True), part(split.validation), len(varied) - len(split.train))
    _refuse_nothing("training", found.train, length)
    _refuse_nothing("validation", found.validation, length)
    return found


def longest_row(loaded: Loaded, plan: Plan) -> int:
    """Tokens that a row may have: as the plan says, and not more than the model can hold."""
    config = loaded.model.config.get_text_config()
    context = getattr(config, "max_position_embeddings", None)
    return min(plan.max_length, context - lost_positions(config.model_type)) if context else plan.max_length


def _encoded(loaded: Loaded, example: Example, length: int, plan: Plan) -> list[Encoded]:
    if not loaded.labels:
        return encode_all(loaded.tokenizer, example, length)
    text, label = text_of(example, plan.data.instruction), loaded.labels.index(example.label or "")
    return [encode_class(loaded.tokenizer, text, length, label=label)]


def go_or_stop(stopping: threading.Event) -> None:
    """Go on unless someone asked to stop.

    Raises:
        Stopped: Someone did.
    """
    if stopping.is_set():
        raise Stopped("Stopped before the first step.")


def _refuse_nothing(what: str, part: Part, length: int) -> None:
    """Refuse rows from which nothing can be learned.

    Raises:
        DataError: None is left; says how many were left out and why.
    """
    if part.rows:
        return
    why, fix = [], []
    if part.too_long:
        why.append(f"the answers of {part.too_long} do not fit into {length} tokens")
        fix.append(f"Set longest row to more than {length} tokens, or give shorter answers.")
    if part.empty:
        why.append(f"{part.empty} have no token to learn")
        fix.append("Check which column holds the answers, and that they are not empty.")
    if part.strange:
        why.append(f"no training row has the label of {part.strange}")
        fix.append("Give each label some training rows.")
    if not part.given:
        why.append("the split holds none")
        fix.append("Add rows, or change the shares that are held out.")
    raise DataError(f"Of {part.given} {what} rows none is left: {', '.join(why)}.", " ".join(fix))
