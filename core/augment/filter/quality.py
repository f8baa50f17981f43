"""How likely an answer is the right one for what is asked, from 0 to 1: a classifier that learned from the seeds alone.

Positive examples are the seeds, negative ones the seeds with another answer: another label, the answer of another
seed, a number changed, an end cut off. All scores of seeds come from models that did not see them (cross-validation),
and a logistic curve makes probabilities of scores, for candidates of which `PRIOR` are good. Where the classifier
cannot tell the seeds from their damaged copies (area under the ROC curve below `FEWEST_AUC`) nobody is judged by it.
Where the wanted quality would reject more than `MOST_LOST` of the seeds themselves, which people wrote, less is taken.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import TYPE_CHECKING, Any, TypeAlias

from core.augment.entries import Entry, texts_of
from core.augment.filter.check import FEWEST_AUC, Check, Known, Verdict
from core.augment.filter.fitting import answer_features, damaged_answers
from core.augment.words import words_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers: TypeAlias = NDArray[np.float64]

MOST_LOST = 0.04
"""Share of the seeds that the gate may reject; with those whose answers seem to stop too soon a twentieth."""
PRIOR = 0.65
"""Share of candidates that are good, as pipelines of this kind report it (60 to 70 %)."""
_FOLDS = 5
_FEWEST = 20
"""Seeds below which nothing is learned."""
_SEED = 7


@dataclass(frozen=True, slots=True)
class Scored:
    """Raw scores: higher is better."""

    right: "Numbers"
    """Of the seeds, by models that did not see them."""
    wrong: "Numbers"
    """Of their damaged copies."""
    candidates: "Numbers"


def _run(known: Known, candidates: Sequence[Entry]) -> Verdict:
    if known.shape.inputs == known.shape.answers:
        return Verdict(note="Nothing is asked in these rows, so that no answer can be right or wrong.")
    scored = None
    if len(known.seeds) >= _FEWEST:
        scored = _by_label(known, candidates) if known.labels else _by_fit(known, candidates)
    if scored is None:
        return Verdict(note=f"{len(known.seeds)} seeds are too few to learn what a right answer looks like: no gate.")
    return _judged(known, scored)


def _judged(known: Known, scored: Scored) -> Verdict:
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    scores = np.concatenate([scored.right, scored.wrong])
    truth = np.concatenate([np.ones(len(scored.right)), np.zeros(len(scored.wrong))])
    auc = _auc(scored.right, scored.wrong)
    if auc < FEWEST_AUC:
        return Verdict(
            note=f"The classifier cannot tell right answers of the seeds from wrong ones (AUC {auc:.2f}, and at least "
            f"{FEWEST_AUC} is needed): no candidate was judged by it. Look at the rows yourself."
        )
    # Weights stand for the share of good ones among candidates, whatever the number of damaged copies.
    weights = np.where(truth == 1, PRIOR / len(scored.right), (1 - PRIOR) / len(scored.wrong)) * len(truth)
    curve = LogisticRegression(C=1e3).fit(scores[:, None], truth, sample_weight=weights)
    if not len(scored.candidates):
        return Verdict(note=f"AUC {auc:.2f}.")
    quality = curve.predict_proba(scored.candidates[:, None])[:, 1]
    of_seeds = curve.predict_proba(scored.right[:, None])[:, 1]
    least = min(known.quality_threshold, float(np.quantile(of_seeds, MOST_LOST)))
    rejected = {
        place: f"quality {value:.2f} is below {least:.2f}: {_doubt(known)}"
        for place, value in enumerate(quality.tolist())
        if value < least
    }
    kept = float((of_seeds >= least).mean())
    passed = float((curve.predict_proba(scored.wrong[:, None])[:, 1] >= least).mean())
    note = f"AUC {auc:.2f}; of the seeds themselves {kept:.0%} would pass, of damaged copies {passed:.0%}."
    if least < known.quality_threshold:
        lost = float((of_seeds < known.quality_threshold).mean())
        note += (
            f" At {known.quality_threshold:g} {lost:.0%} of the seeds would be rejected, so that {least:.2f} is taken."
        )
    return Verdict(rejected=rejected, note=note, scores=dict(enumerate(quality.tolist())))


def _doubt(known: Known) -> str:
    return "the label hardly fits the text" if known.labels else "the answer hardly fits what is asked"


def _by_label(known: Known, candidates: Sequence[Entry]) -> Scored | None:
    """Scores of labels: how much surer a linear model on words is of the label than of the best other one."""
    import numpy as np

    labels = tuple(str(seed.example.label) for seed in known.seeds)
    learned = _learned(tuple(_asked(known, known.seeds)), labels)
    if learned is None:
        return None
    if not candidates:
        return Scored(learned.right, learned.wrong, np.zeros(0))
    names = sorted(set(labels))
    sure = learned.model.predict_log_proba(_asked(known, candidates))
    theirs = np.array([names.index(str(candidate.example.label)) for candidate in candidates])
    return Scored(learned.right, learned.wrong, _margins(sure, theirs))


@dataclass(frozen=True, slots=True)
class _Learned:
    """What the seeds teach of labels: scores as in `Scored`, and a model of all seeds."""

    right: "Numbers"
    wrong: "Numbers"
    model: Any


@lru_cache(maxsize=2)  # a job judges again after every round, by the same seeds
def _learned(texts: tuple[str, ...], labels: tuple[str, ...]) -> _Learned | None:
    import numpy as np
    from sklearn.model_selection import StratifiedKFold

    names = sorted(set(labels))
    fewest = min(labels.count(name) for name in names)
    if len(names) < 2 or fewest < 2:
        return None
    truth = np.array([names.index(label) for label in labels])
    chance = Random(_SEED)
    wrong_labels = np.array([chance.choice([n for n in range(len(names)) if n != label]) for label in truth.tolist()])
    right, wrong = np.zeros(len(truth)), np.zeros(len(truth))
    for learn, held in StratifiedKFold(min(_FOLDS, fewest), shuffle=True, random_state=_SEED).split(texts, truth):
        model = _linear().fit([texts[place] for place in learn], truth[learn])
        sure = model.predict_log_proba([texts[place] for place in held])
        right[held], wrong[held] = _margins(sure, truth[held]), _margins(sure, wrong_labels[held])
    return _Learned(right, wrong, _linear().fit(texts, truth))


def _asked(known: Known, rows: Sequence[Entry]) -> list[str]:
    return texts_of(rows, known.shape.inputs)


def _linear() -> Any:  # noqa: ANN401 - its library is not typed
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union

    from core.augment.filter.span import Span

    words = TfidfVectorizer(analyzer=words_of, sublinear_tf=True)
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, max_features=50_000)
    return make_pipeline(make_union(words, letters), Span(), LogisticRegression(C=20.0, max_iter=300, tol=1e-3))


def _margins(sure: "Numbers", labels: "Numbers") -> "Numbers":
    import numpy as np

    rows = np.arange(len(labels))
    own = sure[rows, labels]
    others = sure.copy()
    others[rows, labels] = -np.inf
    return own - others.max(axis=1)


def _by_fit(known: Known, candidates: Sequence[Entry]) -> Scored:
    """Scores of free answers: how well answer and question fit together, by measures of `answer_features`.

    Of the kinds of damage only those count that can be told from the seeds by themselves.
    """
    import numpy as np

    shape = known.shape
    asked, answers = _asked(known, known.seeds), texts_of(known.seeds, shape.answers)
    vectors = answer_features(asked, answers)
    good = vectors(asked, answers)
    copies = damaged_answers(asked, answers, Random(_SEED))
    bad = vectors([asked[copy.place] for copy in copies], [copy.answer for copy in copies])
    of = np.array([copy.place for copy in copies])
    kinds = np.array([copy.kind for copy in copies])
    right, wrong = _held_scores(good, bad, of)
    told = [kind for kind in dict.fromkeys(kinds.tolist()) if _auc(right, wrong[kinds == kind]) >= FEWEST_AUC]
    if told and len(told) < len(set(kinds.tolist())):
        kept = np.isin(kinds, told)
        bad = bad[kept]
        right, wrong = _held_scores(good, bad, of[kept])
    theirs = vectors(_asked(known, candidates), texts_of(candidates, shape.answers))
    return Scored(right, wrong, _score(_fitted(good, bad), theirs) if len(theirs) else np.zeros(0))


def _held_scores(good: "Numbers", bad: "Numbers", of: "NDArray[np.int64]") -> tuple["Numbers", "Numbers"]:
    """Scores by models that saw neither the row nor, of a damaged copy, its seed (`of`)."""
    import numpy as np
    from sklearn.model_selection import KFold

    right, wrong = np.zeros(len(good)), np.zeros(len(bad))
    for learn, held in KFold(_FOLDS, shuffle=True, random_state=_SEED).split(good):
        model, theirs = _fitted(good[learn], bad[np.isin(of, learn)]), np.isin(of, held)
        right[held] = _score(model, good[held])
        if theirs.any():
            wrong[theirs] = _score(model, bad[theirs])
    return right, wrong


def _auc(right: "Numbers", wrong: "Numbers") -> float:
    import numpy as np
    from sklearn.metrics import roc_auc_score

    truth = np.concatenate([np.ones(len(right)), np.zeros(len(wrong))])
    return float(roc_auc_score(truth, np.concatenate([right, wrong])))


def _fitted(good: "Numbers", bad: "Numbers") -> Any:  # noqa: ANN401
    import numpy as np
    from sklearn.ensemble import RandomForestClassifier

    rows, truth = np.concatenate([good, bad]), np.concatenate([np.ones(len(good)), np.zeros(len(bad))])
    model = RandomForestClassifier(150, min_samples_leaf=3, class_weight="balanced", random_state=_SEED)
    return model.fit(rows, truth)


def _score(model: Any, rows: "Numbers") -> "Numbers":  # noqa: ANN401
    import numpy as np

    share = np.clip(model.predict_proba(rows)[:, 1], 0.01, 0.99)
    score: Numbers = np.log(share / (1 - share))
    return score


QUALITY = Check(
    name="quality",
    title="an answer that hardly fits",
    source="Platt, 1999, Probabilistic outputs for support vector machines; negatives by damaging seeds",
    run=_run,
)
