"""Rows that are longer than the model has room for: answers are never cut, prompts lose their middle."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.dataset.example import Example
from core.dataset.finding import Finding, counted, dropping, excerpt, keeping, of_file
from core.dataset.health.check import Check, Inspection, Room

COUNTED = 20_000
"""Long rows at most whose tokens are counted; of more, the first ones, and the sentence says so."""
_CUT = ("its prompt loses its middle, its answer stays whole.", "prompts lose their middle, answers stay whole.")
"""What becomes of one long row, and of several."""
_FRAME = 8
"""Tokens that stand around a prompt and an answer at the least."""
_MANY = 0.1
"""Share of shortened prompts from which it is worth a warning."""


@dataclass(frozen=True, slots=True)
class _Measured:
    """A row that may be too long, with its tokens."""

    example: Example
    prompt: int
    answer: int

    @property
    def tokens(self) -> int:
        return self.prompt + self.answer


def _run(inspection: Inspection) -> Iterable[Finding]:
    room = inspection.room
    if room is None:
        return
    if inspection.format == "plain_text":  # a long text is learned in windows
        return
    for file, reading in inspection.readings.items():
        long, more = _measure(reading.examples, room)
        lost = [row for row in long if row.answer + _FRAME > room.tokens]
        cut = [row for row in long if row.answer + _FRAME <= room.tokens]
        yield from _lost(inspection, file, room, lost, more)
        yield from _shortened(inspection, file, room, cut, more)


def _measure(examples: Sequence[Example], room: Room) -> tuple[list[_Measured], str]:
    """The rows that are longer than the model takes, and what to say where not all could be counted."""
    # A token is a byte at the least, so most rows need no counting.
    perhaps = [example for example in examples if _most_tokens(example) + _FRAME > room.tokens]
    chosen = perhaps[:COUNTED]
    prompts, answers = room.count([e.prompt for e in chosen]), room.count([e.answer for e in chosen])
    measured = (_Measured(*row) for row in zip(chosen, prompts, answers, strict=True))
    more = f" Only the first {COUNTED:,} long rows were counted." if len(perhaps) > COUNTED else ""
    return [row for row in measured if row.tokens + _FRAME > room.tokens], more


def _lost(inspection: Inspection, file: str, room: Room, lost: Sequence[_Measured], more: str) -> Iterable[Finding]:
    if not lost:
        return
    rows = tuple(row.example.row for row in lost)
    total = len(inspection.readings[file].examples)
    longest = max(lost, key=lambda row: row.answer)
    most = len(rows) * 2 > total
    one = len(rows) == 1
    yield Finding(
        name="too-long",
        severity="error" if most else "warning",
        rows=rows,
        what=f"{counted(len(rows))}{of_file(file)} ({_share(len(rows), total)}) "
        f"{'has an answer that does' if one else 'have answers that do'} not fit into the {room.tokens:,} tokens that "
        f"the model takes ({room.model}; the longest has {longest.answer:,}, row {longest.example.row:,}): an answer "
        f"is never cut, so {'it is' if one else 'they are'} left out.{more}",
        fix="Choose a model with more room, allow longer rows, or shorten these answers.",
        file=file,
        column=inspection.answer_column,
        example=excerpt(lost[0].example.answer),
        mends=(dropping("Leave them out for good", rows, file, safe=not most),),
    )


def _shortened(inspection: Inspection, file: str, room: Room, cut: Sequence[_Measured], more: str) -> Iterable[Finding]:
    if not cut:
        return
    rows = tuple(row.example.row for row in cut)
    total = len(inspection.readings[file].examples)
    longest = max(cut, key=lambda row: row.tokens)
    many = len(rows) > _MANY * total
    drop = dropping("Leave them out", rows, file)
    yield Finding(
        name="prompt-too-long",
        severity="warning" if many else "note",
        rows=rows,
        what=f"{counted(len(rows))}{of_file(file)} ({_share(len(rows), total)}) {'is' if len(rows) == 1 else 'are'} "
        f"longer than the {room.tokens:,} tokens that the model takes ({room.model}; the longest row has about "
        f"{longest.tokens:,}, row {longest.example.row:,}): {_CUT[len(rows) > 1]}{more}",
        fix="Choose a model with more room, or allow longer rows, if what matters may stand where they are shortened.",
        file=file,
        example=excerpt(inspection.asked(file, rows[0])),
        mends=(drop, keeping("Let them be shortened")) if many else (drop,),
    )


def _most_tokens(example: Example) -> int:
    return sum(_bytes(turn.content) for turn in example.turns) + _bytes(example.answer)


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))


def _share(part: int, whole: int) -> str:
    share = part / whole
    return "fewer than 1 %" if share < 0.01 else f"{share:.0%}".replace("%", " %")


CHECK = Check(name="length", about="rows too long for the model", finds=("too-long", "prompt-too-long"), run=_run)
