"""What a teacher is: it is asked for rows, and answers with text that holds them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel

from core.augment.entries import Entry, Shape
from core.augment.variation import Cell
from core.errors import FewtuneError


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One question to a teacher."""

    number: int
    """From 0; what chance decides in it is decided by this."""
    prompt: str
    shots: Sequence[Entry]
    """The rows that stand in the prompt; of training alone."""
    cell: Cell
    shape: Shape
    rows: int
    """How many new rows are asked for."""
    most_tokens: int
    """Of the answer."""


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

    def __init__(self, kind: str, *, again: bool, wait: float = 0.0, paid: bool = False) -> None:
        super().__init__(kind)
        self.kind = kind
        self.again = again
        self.wait = wait
        """Seconds that the teacher asked to wait."""
        self.paid = paid
        """Whether it may have cost money all the same."""


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
    open: Callable[[Options, str], Ask]
    """Takes the options and a key, which is empty where none is needed."""
    called: Callable[[Any], str]
    """What rows say of their teacher, by its options."""
