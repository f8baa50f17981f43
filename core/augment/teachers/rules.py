"""New rows without a model: pieces of rows are dropped, moved and joined, and names and numbers change places.

Nothing is sent anywhere and nothing is paid. What comes out says nothing that the seeds do not say; what it is worth
stands in the documentation, as it was measured.

Source: Wei and Zou, 2019, EDA (deletion and exchange of words); Shi and others, 2021, Substructure substitution (pieces
of rows with one label take each other's place).
"""

import json
import re
from collections.abc import Sequence
from random import Random
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from core.augment.entries import Entry
from core.augment.filter.grounded import numbers_of
from core.augment.teachers.teacher import Ask, Reply, Request, Teacher, Trouble
from core.augment.words import words_of

_SENTENCES = re.compile(r"(?<=[.!?…。！？])\s+(?=\S)|\n+")
_CLAUSES = re.compile(r"(?<=[,;:])\s+")
_NUMBER = re.compile(r"\d[\d,.]*\d|\d")
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][\w’'-]*[a-z][\w’'-]*\b")
_LONG = 4
"""Words of a piece that can stand by itself."""


class RulesOptions(BaseModel):
    """How far a new row goes from its seeds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dropout: Annotated[
        float,
        Field(ge=0, le=0.5, title="Words left out", description="Share of the words of a new row that are dropped."),
    ] = 0.05
    exchange: Annotated[
        float,
        Field(ge=0, le=1, title="Names and numbers exchanged", description="Share of them that come from other rows."),
    ] = 0.5


class _Rules:
    def __init__(self, options: RulesOptions) -> None:
        self._options = options

    def __call__(self, request: Request) -> Reply:
        """Make rows of the seeds in the question.

        Raises:
            Trouble: No seed stands in it.
        """
        chance = Random(f"rules {request.number}")
        seeds = [shot for shot in request.shots if shot.origin is None]
        fitting = [seed for seed in seeds if not request.cell.label or seed.example.label == request.cell.label]
        if not fitting:
            raise Trouble("no seed has the wanted label", again=False)
        column = max(request.shape.inputs, key=lambda name: sum(len(seed.cells[name]) for seed in fitting))
        mixes = bool(request.cell.label) and len(request.shape.inputs) == 1
        made = []
        for _ in range(request.rows):
            seed = chance.choice(fitting)
            if mixes:
                text = self._mixed([row.cells[column] for row in _pair(seed, fitting, chance)], seeds, column, chance)
                made.append({**seed.cells, column: text})
            else:
                made.append(self._spared(seed, seeds, column, request.shape.answers, chance))
        return Reply(text="\n".join(json.dumps(cells, ensure_ascii=False) for cells in made))

    def _mixed(self, texts: Sequence[str], seeds: Sequence[Entry], column: str, chance: Random) -> str:
        """Pieces of texts with one label, with names and numbers of others and some words left out."""
        parts: list[str] = []
        for text in texts:
            pieces = pieces_of(text)
            many = max(1, round(len(pieces) * chance.uniform(0.4, 0.8)))
            parts += [pieces[place] for place in sorted(chance.sample(range(len(pieces)), many))]
        if len(texts) == 1:
            chance.shuffle(parts)
        mixed = _joined(parts, texts[0])
        others = " ".join(seed.cells[column] for seed in seeds)
        for pattern in (_NUMBER, _NAME):
            mixed = self._exchanged(mixed, pattern, pattern.findall(others), chance)
        return self._thinned(mixed, chance)

    def _exchanged(self, text: str, pattern: re.Pattern[str], others: Sequence[str], chance: Random) -> str:
        def other(found: re.Match[str]) -> str:
            return chance.choice(others) if others and chance.random() < self._options.exchange else found[0]

        return pattern.sub(other, text)

    def _thinned(self, text: str, chance: Random) -> str:
        words = text.split(" ")
        inner = [word for word in words[1:-1] if chance.random() >= self._options.dropout]
        return " ".join([*words[:1], *inner, *words[-1:]]) if len(words) > _LONG else text

    def _spared(
        self, seed: Entry, seeds: Sequence[Entry], column: str, answers: Sequence[str], chance: Random
    ) -> dict[str, str]:
        """A row whose answer stays right: only pieces go that it shares no word with; numbers change everywhere."""
        cells = dict(seed.cells)
        kept_words = {
            word for name, cell in cells.items() if name != column for word in words_of(cell) if len(word) > 3
        }
        said = " ".join(cells[name] for name in answers)
        pieces = pieces_of(cells[column])
        free = [place for place, piece in enumerate(pieces) if not kept_words.intersection(words_of(piece))]
        gone = {place for place in free if chance.random() < 0.7 and not numbers_of(said) & numbers_of(pieces[place])}
        left = [piece for place, piece in enumerate(pieces) if place not in gone]
        strange = chance.choice(seeds)
        if left and strange is not seed and gone:
            unlike = [piece for piece in pieces_of(strange.cells[column]) if not kept_words & set(words_of(piece))]
            left[len(left) :] = unlike[: len(gone)]
        cells[column] = _joined(left, cells[column]) if left else cells[column]
        if numbers_of(said) <= numbers_of(seed.cells[column]):
            cells = _renumbered(cells, chance)
        return cells


def _pair(seed: Entry, fitting: Sequence[Entry], chance: Random) -> list[Entry]:
    others = [row for row in fitting if row is not seed]
    return [seed, chance.choice(others)] if others else [seed]


def pieces_of(text: str) -> list[str]:
    """Sentences; of a text with one sentence its clauses, short ones joined to the one before."""
    found = [piece for piece in _SENTENCES.split(text) if piece.strip()]
    if len(found) > 1:
        return found
    joined: list[str] = []
    for clause in _CLAUSES.split(text):
        if joined and min(len(clause.split()), len(joined[-1].split())) < _LONG:
            joined[-1] += f" {clause}"
        else:
            joined.append(clause)
    return joined


def _joined(parts: Sequence[str], like: str) -> str:
    """The parts as one text that begins and ends as `like` does, with its line breaks."""
    text = ("\n" if "\n" in like else " ").join(part.strip() for part in parts).rstrip(" ,;:")
    end = like.rstrip()[-1:]
    if like[:1].isupper():
        text = text[:1].upper() + text[1:]
    return text if end.isalnum() or text.endswith(end) else text.rstrip(".!?") + end


def _renumbered(cells: dict[str, str], chance: Random) -> dict[str, str]:
    """Each number becomes another one of the same length, the same in all cells; years stay."""
    new: dict[str, str] = {}

    def other(found: re.Match[str]) -> str:
        number = found[0]
        if re.fullmatch(r"(19|20)\d\d|\d", number):
            return number
        if number not in new:
            new[number] = "".join(chance.choice("123456789") if sign.isdigit() else sign for sign in number)
        return new[number]

    return {name: _NUMBER.sub(other, cell) for name, cell in cells.items()}


def _open(options: RulesOptions, key: str) -> Ask:  # noqa: ARG001 - there is nobody to show it to
    return _Rules(options)


def _called(options: RulesOptions) -> str:  # noqa: ARG001 - all of them are rules
    return "rules"


TEACHER: Teacher[RulesOptions] = Teacher(
    name="rules",
    title="Rules, without a model",
    about="Pieces of your own rows are joined, moved and left out. It costs nothing and adds no new knowledge: on the "
    "starter model it helped runs on 25 rows with labels much, runs on 50 to 200 no more than chance, and runs on 50 "
    "rows with free answers not at all.",
    options=RulesOptions,
    at_once=1,
    costs=False,
    tested=False,
    open=_open,
    called=_called,
)
