"""Answers that teach nothing: stand-ins, refusals, one text for many prompts, the prompt over again."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from core.dataset.example import Example
from core.dataset.finding import Finding, Mend, counted, dropping, excerpt, keeping, listed, of_file
from core.dataset.health.check import SAMPLE, Check, Inspection, question
from core.dataset.health.spots import rewritten

_STAND_INS = frozenset(
    {
        "n/a", "#n/a", "todo", "to do", "tbd", "tba", "fixme", "xxx", "xxxx", "asdf", "asdfasdf", "qwerty", "foo",
        "bar", "foobar", "test", "testing", "test test", "dummy", "placeholder", "nan", "null", "undefined",
        "[object object]",
        "see above", "see below", "same as above", "as above", "ditto", "answer", "your answer here", "answer here",
        "insert answer here", "insert text here", "#ref", "#value", "#name", "#div/0", "#error",
    }
)  # fmt: skip
"""Whole answers that stand where one should be written; "none", "NA" and "unknown" may be right and are not here."""
_OPENINGS = re.compile(r"lorem ipsum\b|(?:todo|tbd|fixme)\s*:", re.IGNORECASE)
_BLANKS = re.compile(r"<(?:your |insert )[^<>]*>|\[(?:your |insert )[^\[\]]*\]", re.IGNORECASE)
_REFUSAL = re.compile(
    r"\bas an? (?:ai|artificial intelligence)(?: language model| assistant| model|,? I)\b"
    r"|^(?:i'?m|i am) (?:sorry|afraid),? (?:but )?i (?:can(?:no|')t|am (?:not able|unable)) "
    r"(?:help|assist|fulfil|provide)",
    re.IGNORECASE,
)
_LOOK_IN = 200
"""Characters of an answer in which a refusal begins."""
_SAME, _LONG = 5, 60
"""Prompts from which one answer of so many characters is suspicious."""
_ECHO = 20
"""Characters at the least that an answer repeats of its prompt."""
_PARAGRAPHS = 8
"""Of a prompt, after which an echo may begin: instruction, context and question are three."""
_ENDS = '.?!:;…"'
"""Where an echo ends; an answer that goes on within the sentence only takes up its subject."""
_OFTEN = 0.05
"""Share of echoes from which they are no accident."""
_USUAL, _SHORT = 100, 2
"""Where answers usually have so many characters, one of so few letters is a note."""
_SHORT_WORDS = frozenset({"yes", "no", "ok", "a", "b", "c", "d", "e", "f", "na"})


def _looked_at(inspection: Inspection, file: str) -> Sequence[Example]:
    examples = inspection.readings[file].examples
    return tuple(examples[:: max(1, -(-len(examples) // SAMPLE))])


def _is_stand_in(answer: str) -> bool:
    if len(answer) <= 40 and answer.casefold().strip(" .!?\"'`*") in _STAND_INS:
        return True
    return bool(_OPENINGS.match(answer) or _BLANKS.fullmatch(answer))


def _is_refusal(beginning: str) -> bool:
    said = beginning.lower()
    # The plain searches leave out nearly all answers, far sooner than the pattern would.
    if "an ai" not in said and "an artificial" not in said and not said.startswith(("i'm ", "im ", "i am ")):
        return False
    return bool(_REFUSAL.search(beginning))


def _boilerplate(inspection: Inspection, examples: Sequence[Example], file: str, column: str) -> Iterable[Finding]:
    for name, what, chosen in (
        (
            "boilerplate-answer",
            f"only a stand-in where {'the answer' if inspection.is_free_text else 'a text'} should be",
            [e for e in examples if _is_stand_in(e.answer)],
        ),
        (
            "refusal-answer",
            "an answer in which a language model speaks of itself or refuses",
            [e for e in examples if inspection.is_free_text and _is_refusal(e.answer[:_LOOK_IN])],
        ),
    ):
        if chosen:
            rows = tuple(e.row for e in chosen)
            has = "has" if len(rows) == 1 else "have"
            yield Finding(
                name=name,
                severity="warning",
                rows=rows,
                what=f"{counted(len(rows))}{of_file(file)} {has} {what} ({listed(rows)}): the model would learn to "
                f"write {excerpt(chosen[0].answer, width=40)!r}.",
                fix="Leave the rows out, or write what a good answer would be.",
                file=file,
                column=column,
                example=excerpt(chosen[0].answer),
                mends=(dropping("Leave them out", rows, file), keeping()),
            )


def _short(examples: Sequence[Example], file: str, column: str) -> Iterable[Finding]:
    lengths = sorted(len(e.answer) for e in examples)
    usual = lengths[len(lengths) // 2] if lengths else 0
    wordless = [e for e in examples if e.answer and not re.search(r"[^\W_]|[^\x00-\x7f]", e.answer)]
    tiny = [
        e
        for e in examples
        if usual >= _USUAL
        and len(e.answer) <= _SHORT
        and e.answer.isascii()
        and e.answer.isalpha()
        and e.answer.casefold() not in _SHORT_WORDS
    ]
    chosen = sorted({e.row: e for e in (*wordless, *tiny)}.values(), key=lambda e: e.row)
    if not chosen or len(chosen) * 5 > len(examples):  # where many are so short, they are meant to be
        return
    rows = tuple(e.row for e in chosen)
    has = "has an answer" if len(rows) == 1 else "have answers"
    yield Finding(
        name="answer-too-short",
        severity="note",
        rows=rows,
        what=f"{counted(len(rows))}{of_file(file)} {has} of a sign or two, such as {chosen[0].answer[:10]!r}, where "
        f"others have about {usual:,} characters ({listed(rows)}).",
        fix="Leave the rows out unless so short an answer is right.",
        file=file,
        column=column,
        example=excerpt(chosen[0].answer),
        mends=(dropping("Leave them out", rows, file),),
    )


def _same(examples: Sequence[Example], file: str, column: str) -> Iterable[Finding]:
    long = [e for e in examples if len(e.answer) >= _LONG]
    often = Counter(hash(e.answer) for e in long)
    repeated = [e for e in long if often[hash(e.answer)] >= _SAME]
    if not repeated:
        return
    rows = tuple(e.row for e in repeated)
    texts = len({hash(e.answer) for e in repeated})
    most = max(repeated, key=lambda e: often[hash(e.answer)])
    later, seen = [], set[int]()
    for e in repeated:
        if hash(e.answer) in seen:
            later.append(e.row)
        seen.add(hash(e.answer))
    yield Finding(
        name="same-answer",
        severity="warning" if len(rows) > 0.02 * len(examples) else "note",
        rows=rows,
        what=f"{counted(len(rows))}{of_file(file)} share {counted(texts, 'answer')} of many words: "
        f"{excerpt(most.answer, width=40)!r} answers {often[hash(most.answer)]:,} prompts.",
        fix="Keep one of each if it is a form letter; the model would learn to write it whatever is asked.",
        file=file,
        column=column,
        example=excerpt(most.answer),
        mends=(
            Mend(name="first", title="Keep the first row of each", drop={file: tuple(later)}),
            dropping("Leave all of them out", rows, file),
            keeping(),
        ),
    )


def _echoed(example: Example) -> str:
    """What the answer repeats of the prompt at its beginning; empty where it does not."""
    asked, answer = question(example), example.answer
    for part in islice(_endings(asked), _PARAGRAPHS) if answer[:_ECHO] in asked else ():
        if len(part) < _ECHO:
            break
        rest = answer[len(part) :]
        if answer.startswith(part) and (not rest.strip() or part[-1] in _ENDS or rest.lstrip(" ")[0] == "\n"):
            return part
    return ""


def _endings(asked: str) -> Iterator[str]:
    """The question, without its first paragraphs one after the other: the instruction stands there."""
    while asked:
        yield asked
        _, _, asked = asked.partition("\n\n")


def _echo(inspection: Inspection, examples: Sequence[Example], file: str) -> Iterable[Finding]:
    echoes = {e.row: (e, part) for e in examples if (part := _echoed(e))}
    if not echoes:
        return
    rows = tuple(echoes)
    _, part = echoes[rows[0]]
    same = sum(1 for e, part in echoes.values() if e.answer == part)
    verb = "repeats" if len(rows) == 1 else "repeat"
    yield Finding(
        name="prompt-echo",
        severity="warning" if len(rows) - same > _OFTEN * len(inspection.index(file).rows) else "note",
        rows=rows,
        what=f"{counted(len(rows))}{of_file(file)} {verb} the prompt in the answer"
        f"{f' ({same:,} of them nothing else)' if same else ''} ({listed(rows)}): the model would learn to do so too.",
        fix="Take the repeated words out of the answers, unless the task is to copy or correct a text.",
        file=file,
        column=inspection.answer_column,
        example=excerpt(part),
        mends=(*_stripping(inspection, file, echoes), dropping("Leave them out", rows, file), keeping()),
    )


def _stripping(inspection: Inspection, file: str, echoes: dict[int, tuple[Example, str]]) -> Iterator[Mend]:
    """The mend that takes the prompt out of the answers, and leaves out rows in which nothing else would be left."""
    column = inspection.answer_column or inspection.mapping.get("messages", "")
    cells: dict[int, dict[str, Any]] = {}
    for row, name, content in inspection.cells(file):
        if name == column and row in echoes:
            example, part = echoes[row]
            rest = example.answer[len(part) :].lstrip(" \n\t:.-–—")

            def shorter(text: str, answer: str = example.answer, rest: str = rest) -> str:
                return rest if text.strip().replace("\r\n", "\n") == answer else text

            changed = rewritten(content, shorter)
            if rest and changed != content:
                cells[row] = {column: changed}
    if cells:
        drop = tuple(row for row in echoes if row not in cells)
        title = "Take the prompt out of the answers" + (", and leave out what is nothing else" if drop else "")
        yield Mend(name="strip", title=title, cells={file: cells}, drop={file: drop} if drop else {})


def _run(inspection: Inspection) -> Iterable[Finding]:
    column = inspection.answer_column
    for file in inspection.readings:
        if inspection.is_free_text:
            examples = _looked_at(inspection, file)
            yield from _boilerplate(inspection, examples, file, column)
            yield from _short(examples, file, column)
            yield from _same(examples, file, column)
            yield from _echo(inspection, examples, file)
        elif inspection.format == "plain_text":
            yield from _boilerplate(inspection, _looked_at(inspection, file), file, inspection.mapping["text"])


CHECK = Check(
    name="answers",
    about="answers that teach nothing",
    finds=("boilerplate-answer", "refusal-answer", "answer-too-short", "same-answer", "prompt-echo"),
    run=_run,
)
