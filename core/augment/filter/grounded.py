"""Whether numbers and names of an answer stand in what was asked: an answer that brings its own is made up.

Where the data themselves do not keep to that (sums worked out, labels, free writing), nobody is held to it.
"""

import re
from collections.abc import Callable, Sequence

from core.augment.entries import Entry, texts_of
from core.augment.filter.check import Check, Known, Verdict
from core.augment.filter.spelled import spelled_numbers

HOLDS = 0.9
"""Share of the seeds that must keep to a rule before candidates are held to it."""
_FEWEST = 10
"""Seeds with a number (a name) in their answer, below which nothing can be said of the rule."""
_NUMBER = re.compile(r"\d[\d,.]*\d|\d")
_LISTED = re.compile(r"(?:^|(?<=[.;:!?\n])\s*)\d{1,2}[.)](?=\s)")
_NAME = re.compile(r"(?<![.!?…:\n] )(?<!^)(?<![\n\"“'‘])\b[A-Z][\w’'-]*[a-z][\w’'-]*\b")
_WORD = re.compile(r"[\w’'-]+")


def numbers_of(text: str) -> set[str]:
    """The numbers, without the commas between thousands and the zeros behind the point."""
    return {_plain(found) for found in _NUMBER.findall(text)}


def names_of(text: str) -> set[str]:
    """Words with a capital letter that does not come from the beginning of a sentence, in lower case."""
    return {found.casefold() for found in _NAME.findall(text)}


def foreign_numbers(asked: str, answer: str) -> set[str]:
    """Numbers of the answer that do not stand in what was asked, be it as words; those that number a list are none."""
    new = numbers_of(_LISTED.sub("", answer)) - numbers_of(asked)
    return new - spelled_numbers(asked) if new else new


def foreign_names(asked: str, answer: str) -> set[str]:
    """Names of the answer that do not stand in what was asked, in any case."""
    return names_of(answer) - {word.casefold() for word in _WORD.findall(asked)}


def _plain(number: str) -> str:
    number = number.replace(",", "").rstrip(".")
    return number.rstrip("0").rstrip(".") if "." in number else number.lstrip("0") or "0"


_RULES: tuple[tuple[str, Callable[[str], set[str]], Callable[[str, str], set[str]]], ...] = (
    ("number", numbers_of, foreign_numbers),
    ("name", names_of, foreign_names),
)


def _run(known: Known, candidates: Sequence[Entry]) -> Verdict:
    shape = known.shape
    if known.labels or shape.inputs == shape.answers:
        return Verdict(note="Answers are labels, or nothing is asked: there is nothing to be grounded in.")
    asked, answers = texts_of(known.seeds, shape.inputs), texts_of(known.seeds, shape.answers)
    rejected: dict[int, str] = {}
    notes = []
    for what, found_in, foreign in _RULES:
        pairs = [pair for pair in zip(asked, answers, strict=True) if found_in(pair[1])]
        kept = sum(not foreign(*pair) for pair in pairs)
        if len(pairs) < _FEWEST or kept < HOLDS * len(pairs):
            share = f"{kept} of {len(pairs)} seeds keep to it" if pairs else "no seed has any"
            notes.append(f"{what}s of an answer may be new here ({share})")
            continue
        for place, candidate in enumerate(candidates):
            (one,), (other,) = texts_of([candidate], shape.inputs), texts_of([candidate], shape.answers)
            new = foreign(one, other)
            if new:
                rejected.setdefault(place, f"the {what} {min(new)!r} of the answer stands nowhere in what is asked")
    return Verdict(rejected=rejected, note=f"{'; '.join(notes)}.".capitalize() if notes else "")


GROUNDED = Check(
    name="grounded",
    title="an answer with facts of its own",
    source="own rule; held against the seeds first",
    run=_run,
)
