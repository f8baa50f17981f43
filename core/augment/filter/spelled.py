"""Numbers that are written as words: "fifty four" in a dialogue is the 54 of its summary.

English only; a text in another language has no such words, and nothing changes for it.
"""

import re
from collections.abc import Sequence

_ONES = (
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_NTH = (
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
)
_MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
"""3/10 is said \"March tenth\"."""
_VALUES = {
    **{word: value for value, word in enumerate(_ONES)},
    **{word: value for value, word in enumerate(_NTH, start=1)},
    **{word: value for value, word in enumerate(_MONTHS, start=1)},
    **{word: 10 * value for value, word in enumerate(_TENS, start=2)},
    **{f"{word[:-1]}ies": 10 * value for value, word in enumerate(_TENS, start=2)},
    **{f"{word[:-1]}ieth": 10 * value for value, word in enumerate(_TENS, start=2)},
    "a": 1,
    "an": 1,
    "once": 1,
    "twice": 2,
}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 1_000_000, "billion": 1_000_000_000}
_PIECE = re.compile(r"[a-z]+|\d+|[^\w\s-]")
_MOST_WORDS = 6
"""Of one number."""


def spelled_numbers(text: str) -> set[str]:
    """The numbers that are written as words, as digits: every word, and what words in a row make together."""
    found: set[str] = set()
    run: list[str] = []
    for word in [*_PIECE.findall(text.lower()), ""]:
        if word in _VALUES or word in _SCALES or (run and (word.isdigit() or word == "point")):
            run.append(word)
        elif run and word != "and":
            found |= _of_run(run)
            run = []
    return found | ({"0.5"} if "half" in text.lower() else set())


def _of_run(words: Sequence[str]) -> set[str]:
    found = {str(_VALUES[word]) for word in words if word in _VALUES}
    if "point" in words:  # "one hundred one point four" is 101.4
        at = words.index("point")
        behind = "".join(map(str, _groups(words[at + 1 :]))).rstrip("0")
        wholes = _of_run(words[:at]) | {"0"}
        return found | wholes | {f"{whole}.{behind}" if behind else whole for whole in wholes}
    for start in range(len(words)):
        for end in range(start + 2, min(len(words), start + _MOST_WORDS) + 1):
            part = words[start:end]
            found |= {str(_sum(part)), "".join(map(str, _groups(part)))}
    return found


def _groups(words: Sequence[str]) -> list[int]:
    """As years and long numbers are said: "nineteen eighty four" is 19 and 84, "one one two" 1 and 1 and 2."""
    groups: list[int] = []
    tens = False
    for word in words:
        value = int(word) if word.isdigit() else _VALUES.get(word, 0)
        if tens and 0 < value < 10:
            groups[-1] += value
        else:
            groups.append(value)
        tens = word in _TENS
    return groups


def _sum(words: Sequence[str]) -> int:
    """As sums are said: "two thousand three hundred and five" is 2305."""
    whole = part = 0
    for word in words:
        scale = _SCALES.get(word)
        if scale == 100:
            part = max(part, 1) * 100
        elif scale:
            whole, part = whole + max(part, 1) * scale, 0
        else:
            part += int(word) if word.isdigit() else _VALUES[word]
    return whole + part
