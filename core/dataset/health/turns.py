"""Conversations whose turns do not alternate, and what becomes of them."""

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from core.dataset.finding import Finding, counted, dropping, excerpt, listed, of_file
from core.dataset.formats.turns import turns_of
from core.dataset.health.check import Check, Inspection
from core.dataset.table import text_of

_SPEAKERS = {
    "user": "user", "human": "user", "prompter": "user",
    "assistant": "assistant", "gpt": "assistant", "bot": "assistant", "model": "assistant", "chatgpt": "assistant",
}  # fmt: skip
_SYSTEM = frozenset({"system", "developer"})


def _speakers(content: Any) -> list[str]:  # noqa: ANN401 - a cell
    """Who speaks in the turns of a cell, in order, the system prompt not counted: "user", "assistant" or "tool"."""
    roles = (text_of(turn.get("role", turn.get("from"))).strip().casefold() for turn in turns_of(content) or ())
    return [_SPEAKERS.get(role, "tool") for role in roles if role not in _SYSTEM]


def _run(inspection: Inspection) -> Iterable[Finding]:
    if inspection.format != "chat":
        return
    for file in inspection.readings:
        yield from _disordered(inspection, file)


def _disordered(inspection: Inspection, file: str) -> Iterable[Finding]:
    usable = set(inspection.index(file).rows)
    apart = bool(inspection.mapping.get("answer"))  # the answer stands in a column of its own: a question comes last
    joined, opened, unanswered = [], [], []
    for row, column, content in inspection.cells(file):
        if column != inspection.mapping["messages"] or row not in usable or not (who := _speakers(content)):
            continue
        if any(one == other != "tool" for one, other in pairwise(who)):
            joined.append(row)
        if who[0] == "assistant":
            opened.append(row)
        if who[-1] == "user" and not apart:
            unanswered.append(row)
    told = [
        f"{counted(len(rows), 'conversation')} {verb if len(rows) > 1 else verb.replace(' ', 's ', 1)} {what} "
        f"({listed(rows)})"
        for rows, verb, what in (
            (joined, "let one", "speaker take two turns in a row, which are joined"),
            (opened, "begin with", "the assistant, whose turn is left out"),
            (unanswered, "end with", "a question, which is left out"),
        )
        if rows
    ]
    if told:
        rows = tuple(sorted({*joined, *opened, *unanswered}))
        yield Finding(
            name="role-order",
            severity="note",
            rows=rows,
            what=f"{'; '.join(told)}{of_file(file)}.",
            fix="Nothing, unless turns were lost: the model needs user and assistant by turns, ending with an answer.",
            file=file,
            column=inspection.mapping["messages"],
            example=excerpt(inspection.example(file, rows[0]).prompt),
            mends=(dropping("Leave these conversations out", rows, file),),
        )


CHECK = Check(name="turns", about="the order of turns", finds=("role-order",), run=_run)
