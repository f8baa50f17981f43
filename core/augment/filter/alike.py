"""Which candidates are like a row that is there already: ROUGE-L of all pairs, and cosine of all pairs.

A pair of rows is as alike as the least alike of what they ask: two questions on one long table differ, and so does one
question on two tables. Of all pairs (fifty million of ten thousand candidates) nearly all are ruled out exactly: the
longest common subsequence of two texts is never longer than the words that they share, each counted as often as both
have it, and what all pairs share is one product of matrices.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from core.augment.entries import Entry
from core.augment.words import words_of
from core.evaluate.metrics.rouge import longest_common_subsequence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Block: TypeAlias = NDArray[np.float32]

ROUGE = 0.7
"""ROUGE-L from which a row is too like another one."""
COSINE = 0.9
_ROWS_AT_ONCE = 256
_FREQUENT = 0.02
"""Columns that more of the rows have are multiplied as a dense matrix: a processor is far quicker at that."""


@dataclass(frozen=True, slots=True)
class Match:
    """What a candidate is like."""

    other: int
    """Place in the list of fixed rows, or, counted on from their number, among the candidates."""
    value: float


def rouge_matches(
    fixed: Sequence[Entry], candidates: Sequence[Entry], columns: Sequence[str], threshold: float = ROUGE
) -> dict[int, Match]:
    """Place of each candidate that is like a fixed row, or an earlier candidate that was kept, to its match."""
    words = [[words_of(entry.cells[column]) for entry in (*fixed, *candidates)] for column in columns]
    matrices = [_shared_words(of_column) for of_column in words]
    sizes = [[len(of_row) for of_row in of_column] for of_column in words]

    def verified(one: int, other: int) -> float:
        least = 1.0
        for of_column in words:
            least = min(least, _rouge(of_column[one], of_column[other]))
            if least < threshold:
                break
        return least

    return _first_matches(len(fixed), _bounded(matrices, sizes), threshold, verified)


def cosine_matches(
    fixed: Sequence[Entry], candidates: Sequence[Entry], columns: Sequence[str], threshold: float = COSINE
) -> dict[int, Match]:
    """The same by the cosine of TF-IDF vectors of words."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    matrices = []
    for column in columns:
        texts = [entry.cells[column] for entry in (*fixed, *candidates)]
        try:
            matrices.append(TfidfVectorizer(analyzer=words_of, sublinear_tf=True).fit_transform(texts))
        except ValueError:  # not one word in all texts: nothing to tell them apart by
            continue
    if not matrices:
        return {}
    return _first_matches(len(fixed), _products(matrices), threshold, None)


def _rouge(one: Sequence[str], other: Sequence[str]) -> float:
    if not one and not other:
        return 1.0
    return 2 * longest_common_subsequence(one, other) / (len(one) + len(other))


def _shared_words(rows: Sequence[Sequence[str]]) -> Any:  # noqa: ANN401 - a sparse matrix of scipy
    """A matrix (rows, occurrences) of 0 and 1, whose products count shared words: "the" twice is two columns."""
    from sklearn.feature_extraction.text import CountVectorizer

    vectorizer = CountVectorizer(analyzer=_occurrences, binary=True, dtype="float32")
    try:
        return vectorizer.fit_transform(rows)
    except ValueError:  # not one word in all rows
        return CountVectorizer(analyzer=lambda _: ["none"], dtype="float32").fit_transform(rows) * 0


def _occurrences(words: Sequence[str]) -> Iterator[tuple[str, int]]:
    seen: Counter[str] = Counter()
    for word in words:
        seen[word] += 1
        yield word, seen[word]


def _products(matrices: Sequence[Any]) -> Iterator[tuple[int, "Block"]]:
    """First row of each block and the products of its rows with all rows, (block, rows); the least of all matrices."""
    import numpy as np

    split = [_by_frequency(matrix) for matrix in matrices]
    for start in range(0, matrices[0].shape[0], _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        blocks = [dense[rows] @ dense.T + (sparse[rows] @ sparse.T).toarray() for dense, sparse in split]
        yield start, np.minimum.reduce(blocks)


def _bounded(matrices: Sequence[Any], sizes: Sequence[Sequence[int]]) -> Iterator[tuple[int, "Block"]]:
    """The same of the most that ROUGE-L can be; where both texts are empty it is 1."""
    import numpy as np

    split = [_by_frequency(matrix) for matrix in matrices]
    counts = [np.array(of_column, dtype=np.float32) for of_column in sizes]
    for start in range(0, matrices[0].shape[0], _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        blocks = []
        for (dense, sparse), count in zip(split, counts, strict=True):
            shared = dense[rows] @ dense.T + (sparse[rows] @ sparse.T).toarray()
            both = count[rows, None] + count[None, :]
            blocks.append(np.where(both == 0, 1.0, 2 * shared / np.maximum(both, 1)))
        yield start, np.minimum.reduce(blocks)


def _by_frequency(matrix: Any) -> tuple["Block", Any]:  # noqa: ANN401
    import numpy as np

    matrix = matrix.astype(np.float32).tocsc()
    frequent = np.diff(matrix.indptr) > max(8, _FREQUENT * matrix.shape[0])
    return matrix[:, frequent].toarray(), matrix[:, ~frequent].tocsr()


def _first_matches(
    fixed: int,
    blocks: Iterator[tuple[int, "Block"]],
    threshold: float,
    verified: Callable[[int, int], float] | None,
) -> dict[int, Match]:
    import numpy as np

    found: dict[int, Match] = {}
    out = None
    for start, block in blocks:
        if out is None:
            out = np.zeros(block.shape[1], dtype=bool)
        for offset in range(len(block)):
            number = start + offset
            if number < fixed:
                continue
            row = block[offset, :number]
            others = np.flatnonzero((row >= threshold - 1e-6) & ~out[:number])
            match = _best(number, others[np.argsort(-row[others], kind="stable")], row, threshold, verified)
            if match is not None:
                found[number - fixed] = match
                out[number] = True
    return found


def _best(
    number: int,
    others: "NDArray[np.int64]",
    row: "Block",
    threshold: float,
    verified: Callable[[int, int], float] | None,
) -> Match | None:
    """The first of `others`, the likeliest first, that is really as alike."""
    for other in others.tolist():
        value = float(row[other]) if verified is None else verified(number, other)
        if value >= threshold:
            return Match(other, value)
    return None
