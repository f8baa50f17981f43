"""What every format becomes: a prompt in turns, and the answer that training wants."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from json.encoder import encode_basestring_ascii as _quoted
from typing import Literal, overload

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of the prompt."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Example:
    """One row as the model is trained and scored on it."""

    row: int
    """Row in its file, counted from 1, the header not counted."""
    turns: tuple[Turn, ...]
    """The prompt; the last turn is a user's. Empty where `answer` is a text to be learned as it is."""
    answer: str
    """What the assistant should say; the loss is on these tokens only."""
    label: str | None = None
    """The class, where the task is to choose one of a few; it equals `answer` then."""
    rejected: str | None = None
    """A worse answer to the same prompt, where the rows have one; nothing is trained on it."""

    @property
    def prompt(self) -> str:
        """The prompt as a person reads it."""
        return "\n\n".join(turn.content for turn in self.turns)


@dataclass(frozen=True, slots=True)
class Split:
    """Examples held apart: training never sees validation or test rows."""

    train: Sequence[Example]
    validation: Sequence[Example]
    test: Sequence[Example]
    left_out: Mapping[str, tuple[int, ...]] = field(default_factory=dict, hash=False)
    """Why usable rows stand on no side ("train rows with the same prompt as a test row") to their numbers."""
    known: "Known | None" = field(default=None, compare=False, repr=False)
    """What was found out about the sides before, where looking at all of them again would take long."""
    generated: int = field(default=0, compare=False)
    """How many of the training rows a teacher wrote; all others, and all that are held out, are by people."""

    @property
    def human(self) -> int:
        """Training and validation rows by people."""
        return len(self.before_test) - self.generated

    @property
    def before_test(self) -> Sequence[Example]:
        """Training and validation rows."""
        return Both(self.train, self.validation)

    @property
    def labels(self) -> tuple[str, ...]:
        """All labels of the training rows, sorted; empty where answers are free text."""
        return labels_of(self.train) if self.known is None else self.known.labels

    @property
    def sha256(self) -> str:
        """Of all that training and scoring see, side by side and in order: equal hashes mean equal splits."""
        if self.known is not None:
            return self.known.sha256
        sides = {"train": self.train, "validation": self.validation, "test": self.test}
        digest = Digest()
        for side, examples in sides.items():
            digest.begin(side, len(examples))
            for example in examples:
                digest.add(example)
        return digest.sha256


class Both(Sequence[Example]):
    """Two sequences of examples as one; nothing is copied."""

    def __init__(self, first: Sequence[Example], second: Sequence[Example]) -> None:
        self.first, self.second = first, second

    def __len__(self) -> int:
        """Examples of both."""
        return len(self.first) + len(self.second)

    @overload
    def __getitem__(self, index: int) -> Example: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Example]: ...
    def __getitem__(self, index: int | slice) -> Example | Sequence[Example]:
        """The example at an index, or those of a slice."""
        numbers = range(len(self))[index]
        if isinstance(numbers, range):
            return [self[number] for number in numbers]
        return self.first[numbers] if numbers < len(self.first) else self.second[numbers - len(self.first)]

    def __iter__(self) -> Iterator[Example]:
        """The first ones, then the second ones."""
        return chain(self.first, self.second)


@dataclass(frozen=True, slots=True)
class Known:
    """What looking at all rows of a split tells."""

    labels: tuple[str, ...]
    sha256: str


def labels_of(examples: Iterable[Example]) -> tuple[str, ...]:
    """The labels of the examples, each once, sorted."""
    return tuple(sorted({example.label for example in examples if example.label is not None}))


class Digest:
    """The hash of a split, one example after another."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def begin(self, side: str, count: int) -> None:
        """The next `count` examples are those of this side."""
        self._hash.update(f"{side} {count}\n".encode())

    def add(self, example: Example) -> bytes:
        """The next example; gives the line of JSON that stands for it."""
        # What json.dumps writes for [row, [[role, content], ...], answer, label], in a third of its time.
        turns = ", ".join(f'["{turn.role}", {_quoted(turn.content)}]' for turn in example.turns)
        label = "null" if example.label is None else _quoted(example.label)
        line = f"[{example.row}, [{turns}], {_quoted(example.answer)}, {label}]\n".encode()
        self._hash.update(line)
        return line

    @property
    def sha256(self) -> str:
        """Of all that was added, in hexadecimal digits."""
        return self._hash.hexdigest()
