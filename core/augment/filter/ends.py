"""Answers that stop too soon, where answers need no closing sign: a classifier that learned from the seeds alone.

Positive examples are the seeds' answers, negative ones the same answers cut at another word. What is looked at is how
an answer begins and ends, and how the text that was asked about goes on behind its last words, if they stand there.
Scores of seeds come from models that did not see them (cross-validation); a candidate is rejected that ends as only the
oddest `MOST_LOST` of the seeds do.
"""

import re
from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING, Any, TypeAlias

from core.augment.analyse import CLOSING
from core.augment.entries import Entry, texts_of
from core.augment.filter.check import FEWEST_AUC, Check, Known, Verdict
from core.augment.filter.fitting import LONG

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers: TypeAlias = NDArray[np.float64]

MOST_LOST = 0.01
"""Share of the seeds that may end as a rejected candidate does."""
_MOSTLY = 0.8
"""Share of answers that close with a sign from which on its lack says more than a classifier."""
_CUTS = 3
"""Of each long answer."""
_FEWEST = 20
"""Long answers below which nothing is learned."""
_FOLDS = 5
_LONGEST_END = 6
"""Words at an answer's end that are looked for in what was asked."""
_SEED = 7
_PIECE = re.compile(r"\w+(?:[.,'’-]\w+)*|[^\w\s]")

Measures: TypeAlias = dict[str, float]


def _run(known: Known, candidates: Sequence[Entry]) -> Verdict:
    asked, answers = texts_of(known.seeds, known.shape.inputs), texts_of(known.seeds, known.shape.answers)
    closed = sum(bool(CLOSING.search(answer)) for answer in answers)
    if known.labels or known.shape.inputs == known.shape.answers or closed >= _MOSTLY * len(answers):
        return Verdict()
    long = [place for place, answer in enumerate(answers) if len(answer.split()) >= LONG]
    if len(long) < _FEWEST:
        return Verdict(
            note=f"{len(long)} seeds have an answer of {LONG} words or more: too few to learn where answers stop."
        )
    return _judged(_Seeds(asked, answers, long), known, candidates)


class _Seeds:
    """The seeds' answers, measured, and the same ones cut."""

    def __init__(self, asked: Sequence[str], answers: Sequence[str], long: Sequence[int]) -> None:
        import numpy as np

        chance = Random(_SEED)
        self.whole = [measures(question, answer) for question, answer in zip(asked, answers, strict=True)]
        self.of = np.repeat(np.array(long), _CUTS)
        """The place of the answer that was cut."""
        self.cut = [measures(asked[place], cut(answers[place], chance)) for place in self.of]


def _judged(seeds: _Seeds, known: Known, candidates: Sequence[Entry]) -> Verdict:
    import numpy as np
    from sklearn.metrics import roc_auc_score

    whole, cut_ones = _held_scores(seeds)
    auc = float(roc_auc_score([1] * len(whole) + [0] * len(cut_ones), np.concatenate([whole, cut_ones])))
    if auc < FEWEST_AUC:
        return Verdict(
            note=f"Where answers stop cannot be learned from the seeds (AUC {auc:.2f}, and at least {FEWEST_AUC} is "
            "needed): no candidate was judged by it."
        )
    least = float(np.quantile(whole, MOST_LOST))
    passed = float((cut_ones >= least).mean())
    note = f"AUC {auc:.2f}; of seeds that were cut {passed:.0%} would pass."
    if not candidates:
        return Verdict(note=note)
    texts = texts_of(candidates, known.shape.answers)
    theirs = [measures(*pair) for pair in zip(texts_of(candidates, known.shape.inputs), texts, strict=True)]
    scores = _fitted(seeds.whole, seeds.cut).decision_function(theirs)
    rejected = {
        place: f"the answer stops behind {text.split()[-1][:40]!r}, as hardly any does"
        for place, (text, score) in enumerate(zip(texts, scores.tolist(), strict=True))
        if score < least and text.split()
    }
    return Verdict(rejected=rejected, note=note)


def cut(answer: str, chance: Random) -> str:
    """`answer` up to a word of its first two thirds."""
    words = answer.split()
    return " ".join(words[: chance.randint(2, len(words) * 2 // 3)]).rstrip(".,;")


def measures(question: str, answer: str) -> Measures:
    """How `answer` begins and ends, and how `question` goes on behind its last words."""
    pieces = _PIECE.findall(answer.casefold())
    if not pieces:
        return {}
    last = pieces[-1]
    found = {
        f"first {pieces[0]}": 1.0,
        f"last {last}": 1.0,
        "signs": float(not last[-1].isalnum()),
        "digits": float(any(letter.isdigit() for letter in last)),
        "pieces": min(len(pieces), 20) / 10,
        "short": float(len(pieces) <= 2),
        "stands there": float(answer.casefold().strip(" .") in question.casefold()),
    }
    if len(pieces) > 1:
        found[f"last but one {pieces[-2]}"] = 1.0
    size, then = _behind(_PIECE.findall(question.casefold()), pieces if last[-1].isalnum() else pieces[:-1])
    found["end stands there"] = float(size)
    if then:
        found |= {
            f"then {then}": 1.0,
            "then a word": float(then[0].isalpha()),
            "then a sign": float(not then[-1].isalnum()),
        }
    return found


def _behind(there: Sequence[str], said: Sequence[str]) -> tuple[int, str]:
    """How many of the last pieces of `said` stand together in `there`, and what follows them; (0, "") if none does."""
    for size in range(min(_LONGEST_END, len(said)), 0, -1):
        end = list(said[-size:])
        for at in range(len(there) - size):
            if there[at + size - 1] == end[-1] and there[at : at + size] == end:
                return size, there[at + size]
    return 0, ""


def _held_scores(seeds: _Seeds) -> tuple["Numbers", "Numbers"]:
    """Scores by models that saw neither the answer nor what was cut from it."""
    import numpy as np
    from sklearn.model_selection import KFold

    whole, cut_ones = np.zeros(len(seeds.whole)), np.zeros(len(seeds.cut))
    for learn, held in KFold(_FOLDS, shuffle=True, random_state=_SEED).split(whole):
        known, theirs = np.flatnonzero(np.isin(seeds.of, learn)), np.flatnonzero(np.isin(seeds.of, held))
        model = _fitted([seeds.whole[place] for place in learn], [seeds.cut[place] for place in known])
        whole[held] = model.decision_function([seeds.whole[place] for place in held])
        if len(theirs):
            cut_ones[theirs] = model.decision_function([seeds.cut[place] for place in theirs])
    return whole, cut_ones


def _fitted(whole: Sequence[Measures], cut_ones: Sequence[Measures]) -> Any:  # noqa: ANN401 - its library is not typed
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    model = make_pipeline(DictVectorizer(), LogisticRegression(class_weight="balanced", max_iter=2000))
    return model.fit([*whole, *cut_ones], [1] * len(whole) + [0] * len(cut_ones))


ENDS = Check(
    name="ends",
    title="an answer that stops too soon",
    source=f"own rule: negatives by cutting the seeds; the oddest {MOST_LOST:.0%} of the seeds end so",
    run=_run,
)
