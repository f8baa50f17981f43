"""What a format is: the parts it needs, how it is recognised, and how a row of it becomes prompt and answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from core.dataset.example import Turn
from core.dataset.table import Row
from core.errors import FewtuneError

if TYPE_CHECKING:
    from core.dataset.formats.columns import Columns


@dataclass(frozen=True, slots=True)
class Part:
    """Something that a row of the format has, to be found in a column."""

    name: str
    required: bool
    help: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """How a table would be read, and how sure that is."""

    format: str
    confidence: float
    """From 0 to 1."""
    because: str
    """One sentence for people."""
    mapping: dict[str, str]
    """Part of the format to column of the table, or to a template such as "{title}: {body}"."""
    instruction: str = ""
    """What stands before each prompt unless someone writes something else."""


class Converted(NamedTuple):
    """A row as prompt and answer; `label` equals the answer where the task is to choose one of a few."""

    turns: tuple[Turn, ...]
    """Empty where the answer is a text to be learned as it is."""
    answer: str
    label: str | None = None
    rejected: str | None = None
    """A worse answer to the same prompt, where the row has one."""
    labels: tuple[str, ...] = ()
    """The classes that the answer lists, where there may be several; `label` is None then."""


class RowUnfit(FewtuneError):  # noqa: N818 - the row is at fault, and is reported as a finding
    """A row cannot become an example: `part` is empty (`why` is "" then), or `why` completes "the row ..."."""

    def __init__(self, part: str, why: str = "") -> None:
        super().__init__(f"{part}: {why or 'is empty'}")
        self.part = part
        self.why = why


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One shape of training data."""

    name: str
    title: str
    about: str
    """What a row of it is, one sentence."""
    parts: tuple[Part, ...]
    default_instruction: str
    detect: "Callable[[Columns], Detection | None]"
    """None where the table is certainly something else."""
    convert: Callable[[Row, Mapping[str, str], str], Converted]
    """Takes a row, the mapping and the instruction; raises `RowUnfit`."""
    labelled: bool = False
    """Whether each row of it carries one of a few labels."""

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the parts that every row needs."""
        return tuple(part.name for part in self.parts if part.required)


def user(*texts: str) -> tuple[Turn, ...]:
    """One user's turn of all texts that are not empty, a blank line between them."""
    return (Turn("user", "\n\n".join(filter(None, texts))),)
