"""The rows of a run as tokens, and what became of those that cannot be learned from."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from core.backend.model import Loaded
from core.backend.objective import balanced
from core.backend.tokens import Encoded, encode_all
from core.dataset.example import Example, Split
from core.errors import DataError, Stopped
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

    @property
    def windows(self) -> int:
        """Rows beyond one for each example."""
        return len(self.rows) - (self.given - self.dropped)

    @property
    def dropped(self) -> int:
        """All that were left out."""
        return self.too_long + self.empty


@dataclass(frozen=True, slots=True)
class Rows:
    """The tokenised rows of a run."""

    train: Part
    validation: Part

    @property
    def truncated(self) -> int:
        """Training rows whose prompt was shortened."""
        return sum(row.truncated for row in self.train.rows)


def tokenise(loaded: Loaded, split: Split, plan: Plan, stopping: threading.Event) -> Rows:
    """Tokenise the rows that training needs.

    Raises:
        Stopped: Someone asked to stop.
        DataError: No training row, or no validation row, is left to learn from; rare labels are to be weighted where
            there are no labels.
    """
    context = getattr(loaded.model.config.get_text_config(), "max_position_embeddings", None)
    length = min(plan.max_length, context) if context else plan.max_length

    def part(examples: Sequence[Example], *, weighs: bool = False) -> Part:
        rows: list[Encoded] = []
        kept: list[Example] = []
        too_long = empty = 0
        for example in examples:
            go_or_stop(stopping)
            made = encode_all(loaded.tokenizer, example, length)
            learned = [row for row in made if len(row.input_ids) > row.prompt_length > 0]
            rows += learned
            kept += [example] * len(learned)
            too_long += not made
            empty += bool(made) and not learned
        return Part(balanced(rows, kept, plan) if weighs else rows, len(examples), too_long, empty)

    found = Rows(part(split.train, weighs=True), part(split.validation))
    _refuse_nothing("training", found.train, length)
    _refuse_nothing("validation", found.validation, length)
    return found


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
    if not part.given:
        why.append("the split holds none")
        fix.append("Add rows, or change the shares that are held out.")
    raise DataError(f"Of {part.given} {what} rows none is left: {', '.join(why)}.", " ".join(fix))
