"""Candidates about something else: less like their nearest seed than nearly every seed is like another one."""

from collections.abc import Sequence

from core.augment.entries import Entry, texts_of
from core.augment.filter.check import Check, Known, Verdict
from core.augment.words import words_of

QUANTILE = 0.02
"""Share of the seeds that would be taken for strangers themselves."""
_FEWEST = 20


def _run(known: Known, candidates: Sequence[Entry]) -> Verdict:
    if len(known.seeds) < _FEWEST:
        return Verdict(note=f"{len(known.seeds)} seeds are too few to tell what is off topic.")
    if not candidates:
        return Verdict()
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer

    columns = known.shape.inputs
    seeds, theirs = texts_of(known.seeds, columns), texts_of(candidates, columns)
    try:
        words = TfidfVectorizer(analyzer=words_of, sublinear_tf=True, max_df=0.5).fit(seeds)
    except ValueError:  # no word that some seeds lack
        return Verdict(note="The seeds have no words that could tell a topic.")
    matrix = words.transform(seeds)
    among = (matrix @ matrix.T).toarray()
    np.fill_diagonal(among, 0)
    least = float(np.quantile(among.max(axis=1), QUANTILE))
    nearest = (words.transform(theirs) @ matrix.T).max(axis=1).toarray().ravel()
    rejected = {
        place: f"resembles no seed (nearest {value:.2f}, and {least:.2f} is usual at the least)"
        for place, value in enumerate(nearest.tolist())
        if value < least
    }
    return Verdict(rejected=rejected)


OFF_TOPIC = Check(
    name="off_topic",
    title="about something else",
    source=f"own rule: the {QUANTILE:.0%} quantile of the seeds' own nearest neighbours by TF-IDF cosine",
    run=_run,
)
