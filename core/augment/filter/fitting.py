"""How well an answer fits what is asked, in numbers; and answers that do not fit, made of those that do."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING, TypeAlias

from core.augment.analyse import CLOSING
from core.augment.filter.grounded import foreign_names, foreign_numbers, names_of, numbers_of
from core.augment.words import words_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers: TypeAlias = NDArray[np.float64]

Vectors: TypeAlias = "Callable[[Sequence[str], Sequence[str]], Numbers]"
LONG = 6
"""Words of an answer that can be cut."""
_ROWS_AT_ONCE = 512
_NUMBER = re.compile(r"\d[\d,.]*\d|\d")


@dataclass(frozen=True, slots=True)
class Damaged:
    """An answer that is not the right one."""

    place: int
    """Of the question."""
    answer: str
    kind: str
    """What was done to the right one."""


def damaged_answers(asked: Sequence[str], answers: Sequence[str], chance: Random) -> list[Damaged]:
    """For each question answers that are not its own: of another row, with another number, cut, or grown."""
    damaged = []
    for place in range(len(asked)):
        answer = answers[place]
        others = [other for other in (chance.choice(answers) for _ in range(8)) if other != answer]
        damaged += [Damaged(place, other, "of another row") for other in others[:2]]
        if _NUMBER.search(answer):
            damaged.append(Damaged(place, _other_number(answer, chance), "another number"))
        words = answer.split()
        if len(words) >= LONG:
            damaged.append(Damaged(place, " ".join(words[: chance.randint(2, len(words) * 2 // 3)]), "cut"))
            damaged += [Damaged(place, f"{answer} {other}", "grown") for other in others[-1:]]
    return [copy for copy in damaged if copy.answer != answers[copy.place]]


def _other_number(answer: str, chance: Random) -> str:
    found = chance.choice(list(_NUMBER.finditer(answer)))
    digits = [chance.choice("123456789") if letter.isdigit() else letter for letter in found[0]]
    return f"{answer[: found.start()]}{''.join(digits)}{answer[found.end() :]}"


def answer_features(asked: Sequence[str], answers: Sequence[str]) -> Vectors:
    """A function that measures pairs of question and answer, (pairs, measures), by what is usual in these ones."""
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer

    try:
        tfidf = TfidfVectorizer(analyzer=words_of, sublinear_tf=True).fit([*asked, *answers])
    except ValueError:  # not one word in all texts
        tfidf = None

    beside = _Beside(asked, answers)

    def vectors(questions: Sequence[str], replies: Sequence[str]) -> "Numbers":
        plain = [_measures(one, other) for one, other in zip(questions, replies, strict=True)]
        if not plain:
            return np.zeros((0, 1))
        if tfidf is None:
            return np.array(plain)
        others = beside.measures(questions, replies)
        left, right = tfidf.transform(questions), tfidf.transform(replies)
        cosine = np.asarray(left.multiply(right).sum(axis=1)).ravel()
        last = tfidf.transform([_last_line(question) for question in questions])
        cosine_last = np.asarray(last.multiply(right).sum(axis=1)).ravel()
        return np.column_stack([np.array(plain), cosine, cosine_last, others])

    return vectors


class _Beside:
    """How near an answer is to its question beside the answers to other questions, by pieces of words.

    What is near by itself says little: a long question is near to every answer, a short one to none.
    """

    def __init__(self, asked: Sequence[str], answers: Sequence[str]) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        pieces = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 4), sublinear_tf=True, max_features=30_000)
        self._pieces = pieces.fit([*asked, *answers])
        self._answers = pieces.transform(answers)
        self._same: dict[str, list[int]] = {}
        for place, question in enumerate(asked):
            self._same.setdefault(question, []).append(place)

    def measures(self, questions: Sequence[str], replies: Sequence[str]) -> "Numbers":
        """For each pair the cosine, the share of other questions' answers that are nearer, and by how much the best."""
        import numpy as np

        blocks = []
        for start in range(0, len(questions), _ROWS_AT_ONCE):
            some = questions[start : start + _ROWS_AT_ONCE]
            there = self._pieces.transform(some)
            said = self._pieces.transform(replies[start : start + _ROWS_AT_ONCE])
            own = np.asarray(there.multiply(said).sum(axis=1)).ravel()
            others = (there @ self._answers.T).toarray()
            for row, question in enumerate(some):
                others[row, self._same.get(question, [])] = -1.0  # the question's own answer is no other one
            nearer = (others > own[:, None]).mean(axis=1)
            blocks.append(np.column_stack([own, nearer, own - others.max(axis=1)]))
        return np.concatenate(blocks)


def _last_line(question: str) -> str:
    return question.rstrip().rpartition("\n")[2]


def _measures(question: str, answer: str) -> list[float]:
    there, said = words_of(question), words_of(answer)
    asked, pairs = set(there), set(pairwise(there))
    numbers, names = numbers_of(answer), names_of(answer)
    said_pairs = list(pairwise(said))
    return [
        float(len(said)),
        len(said) / max(1, len(there)),
        sum(word in asked for word in said) / max(1, len(said)),
        sum(pair in pairs for pair in said_pairs) / max(1, len(said_pairs)),
        float(answer.casefold().strip(" .") in question.casefold()),
        float(len(numbers)),
        float(len(foreign_numbers(question, answer))),
        float(len(names)),
        float(len(foreign_names(question, answer))),
        float(bool(CLOSING.search(answer))),
        float(answer[:1].isupper()),
        float("%" in answer),
        float(any(word in {"percentage", "percent", "change", "rate"} for word in words_of(_last_line(question)))),
        float(_last_line(question).lower().startswith(("how many", "how much"))),
        float(_last_line(question).lower().startswith(("who", "which", "when", "where", "why"))),
    ]
