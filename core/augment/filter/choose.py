"""Of good candidates those are taken that differ most, from the seeds and from one another."""

from collections.abc import Mapping, Sequence

from core.augment.entries import Entry, Shape, texts_of
from core.augment.words import words_of

_UNMEASURED = 1.0
"""Quality of all candidates where no classifier could judge them: the choice is by novelty then."""


def choose_diverse(
    shape: Shape,
    seeds: Sequence[Entry],
    candidates: Sequence[Entry],
    quality: Mapping[int, float],
    count: int,
    diversity_weight: float = 0.3,
) -> list[int]:
    """Places of up to `count` candidates, by maximal marginal relevance with the seeds in the set from the start.

    Each next one has the highest (1 - w) x quality - w x (largest cosine with what is in the set), with TF-IDF vectors.

    Source: Carbonell and Goldstein, 1998, The use of MMR.
    """
    if not candidates:
        return []
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = texts_of([*seeds, *candidates], shape.inputs)
    try:
        matrix = TfidfVectorizer(analyzer=words_of, sublinear_tf=True).fit_transform(texts)
    except ValueError:  # not one word in all texts
        return list(range(min(count, len(candidates))))
    ours, theirs = matrix[: len(seeds)], matrix[len(seeds) :]
    nearest = (theirs @ ours.T).max(axis=1).toarray().ravel() if len(seeds) else np.zeros(len(candidates))
    worth = (1 - diversity_weight) * np.array([quality.get(place, _UNMEASURED) for place in range(len(candidates))])
    taken: list[int] = []
    free = np.ones(len(candidates), dtype=bool)
    for _ in range(min(count, len(candidates))):
        score = np.where(free, worth - diversity_weight * nearest, -np.inf)
        best = int(score.argmax())
        taken.append(best)
        free[best] = False
        nearest = np.maximum(nearest, (theirs @ theirs[best].T).toarray().ravel())
    return taken
