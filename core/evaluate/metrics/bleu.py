"""How many runs of up to four words of the answers stand in the references."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.evaluate.metrics.metric import WRITTEN, Answer, Metric, no_row_score
from core.evaluate.metrics.words import is_unspaced

if TYPE_CHECKING:
    from core.evaluate.metrics.metric import Numbers

_ORDER = 4


def tokenizer_for(references: Sequence[str]) -> str:
    """How sacrebleu splits: by "char" where most references are of a script without spaces, else by its "13a"."""
    return "char" if 2 * sum(map(is_unspaced, references)) > len(references) else "13a"


def _parts(answers: Sequence[Answer]) -> "Numbers":
    """Matches of 1 to 4 words, how many there are of each, words of the answer, words of the reference."""
    import numpy as np
    from sacrebleu.metrics import BLEU

    # What counts of a single row is the same with and without an effective order; without it the library warns.
    bleu = BLEU(tokenize=tokenizer_for([answer.reference for answer in answers]), effective_order=True)
    rows = [bleu.sentence_score(answer.text, [answer.reference]) for answer in answers]
    found = [[*row.counts, *row.totals, row.sys_len, row.ref_len] for row in rows]
    return np.array(found, dtype=np.float64).reshape(-1, 2 * _ORDER + 2)


def _combine(totals: "Numbers") -> "Numbers":
    """Brevity penalty times the geometric mean of the precisions, where the k-th one of zero counts as 1 / 2^k."""
    import numpy as np

    matches, among = totals[..., :_ORDER], totals[..., _ORDER : 2 * _ORDER]
    said, wanted = totals[..., -2], totals[..., -1]
    missed = (matches == 0) & (among > 0)
    smoothed = np.where(missed, 0.5 ** missed.cumsum(axis=-1), matches)
    precision = np.divide(smoothed, among, out=np.zeros_like(smoothed), where=among > 0)
    defined = (among > 0).all(axis=-1) & (matches > 0).any(axis=-1)
    logs = np.log(np.where(defined[..., None], precision, 1.0)).mean(axis=-1)
    brevity = np.minimum(0.0, 1 - np.divide(wanted, said, out=np.ones_like(said), where=said > 0))
    score: Numbers = np.where(defined, np.exp(logs + brevity), 0.0)
    return score


METRIC = Metric(
    name="bleu",
    title="BLEU",
    about="Runs of up to four words of the answers that stand in their references, over all rows; short answers lose.",
    source="Papineni et al., 2002; equal to corpus BLEU of sacrebleu (Post, 2018), by letters where words have no "
    "spaces.",
    unit="%",
    range=(0.0, 1.0),
    higher_is_better=True,
    families=WRITTEN,
    binary=False,
    score_row=no_row_score,
    parts=_parts,
    combine=_combine,
)
