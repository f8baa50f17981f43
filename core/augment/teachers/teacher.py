"""What a teacher is: it is asked for rows, and answers with text that holds them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel

from core.augment.entries import Entry, Shape
from core.augment.variation import Cell
from core.errors import FewtuneError


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question to whoever answers with text."""

    number: int
    """From 0."""
    prompt: str
    system: str = "You write training data. You answer with JSON alone."
    """What stands before the prompt, for those who read that."""
    most_tokens: int
    """Of the answer."""

    @property
    def seeds(self) -> tuple[int, ...]:
        """Rows of the data that had a part in it."""
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Request(Question):
    """One question to a teacher; what chance decides in it is decided by its number."""

    shots: Sequence[Entry]
    """The rows that stand in the prompt; of training alone."""
    cell: Cell
    shape: Shape
    rows: int
    """How many new rows are asked for."""

    @property
    def seeds(self) -> tuple[int, ...]:
        """The rows in the prompt, and those of the generated rows in it."""
        found: set[int] = set()
        for shot in self.shots:
            found.update([shot.example.row] if shot.origin is None else shot.origin.seeds)
        return tuple(sorted(found))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back."""

    text: str
    prompt_tokens: int = 0
    answer_tokens: int = 0
    counted: bool = True
    """Whether the teacher counted the tokens itself; else they are guessed from the length."""


class Trouble(FewtuneError):  # noqa: N818 - it becomes an error where it happens again and again
    """A teacher did not answer. `kind` is equal for equal troubles; `again` tells whether to ask again."""

    def __init__(
        self, kind: str, *, again: bool, wait: float = 0.0, paid: bool = False, reply: Reply | None = None
    ) -> None:
        super().__init__(kind)
        self.kind = kind
        self.again = again
        self.wait = wait
        """Seconds that the teacher asked to wait."""
        self.paid = paid
        """Whether it may have cost money all the same."""
        self.reply = reply
        """What came, where something came that is of no use."""


class Ask(Protocol):
    """Asks one question; may be called from several threads at once."""

    def __call__(self, request: Request) -> Reply:
        """Answer.

        Raises:
            Trouble: There is no answer.
        """


Options = TypeVar("Options", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Teacher(Generic[Options]):
    """One kind of teacher."""

    name: str
    title: str
    about: str
    """What it is good for and what not, for people."""
    options: type[Options]
    at_once: int
    """Requests at the same time at most."""
    costs: bool
    """Whether tokens may cost money."""
    tested: bool = True
    """Whether it is worth asking it once before the work."""
    loads: bool = False
    """Whether it loads a model on this computer, and so waits for the end of a run."""
    open: Callable[[Options, str], Ask]
    """Takes the options and a key, which is empty where none is needed."""
    called: Callable[[Any], str]
    """What rows say of their teacher, by its options."""
