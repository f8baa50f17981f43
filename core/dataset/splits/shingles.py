"""Texts as sets of letter 5-grams, and which of these sets may well be alike: MinHash and hashing by locality."""

import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from core.dataset.progress import Progress, part_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Hashes: TypeAlias = NDArray[np.uint64]
    Digests: TypeAlias = NDArray[np.uint32]
    Places: TypeAlias = NDArray[np.int64]

GRAM = 5
"""Letters of a shingle."""
_MARGIN = " " * (GRAM - 1)
FEWEST = 24
"""Shingles of the shortest text (20 letters) that is compared at all."""
_SLOTS, _BANDS, _WIDTH, _SEED = 128, 21, 6, 42
"""MinHash values of a text; bands of so many of them: a pair at 0.8 is found in 998 of 1,000 cases, at 0.9 always."""
_SURELY_NOT = 0.6
"""An estimate below it is five standard deviations under 0.8."""
_CHUNK = 4096
_NEIGHBOURS = 8
"""Texts of one bucket that each is compared with, beside the first one."""
_FORM_SAMPLE, _FORM_FEWEST = 1000, 20
_LAST_MARK = 0x1F000
"""Behind this code no sign of punctuation stands."""


@cache
def _marks() -> dict[int, str]:
    return {code: " " for code in range(_LAST_MARK) if unicodedata.category(chr(code)).startswith("P")}


def words_of(text: str) -> str:
    """The words and numbers of a text, without marks, case and extra space."""
    return " ".join(text.translate(_marks()).split()).casefold()


def shingles(words: Sequence[str], form: "Hashes | None" = None) -> "list[Hashes]":
    """The distinct hashes of each text's letter 5-grams, sorted, without those of the form.

    Space is added before and behind it, so that the first and the last word count as much as those between.
    """
    import numpy as np

    coded = [f"{_MARGIN}{text}{_MARGIN}".encode("utf-32-le", "surrogatepass") if text else b"" for text in words]
    letters = np.frombuffer(b"".join(coded) + bytes(4 * GRAM), dtype="<u4").astype(np.uint64)
    ends = np.cumsum([len(code) // 4 for code in coded]).tolist()
    mixed = np.zeros(len(letters) - GRAM + 1, dtype=np.uint64)
    for place in range(GRAM):
        mixed *= np.uint64(0x9E3779B97F4A7C15)
        mixed += (letters[place : place + len(mixed)] + np.uint64(1)) * np.uint64(0xC2B2AE3D27D4EB4F)
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(32)
    sets = []
    for start, end in zip([0, *ends], ends, strict=False):
        grams = np.unique(mixed[start : max(start, end - GRAM + 1)])
        sets.append(grams if form is None else grams[~np.isin(grams, form, assume_unique=True)])
    return sets


def jaccard(one: "Hashes", other: "Hashes") -> float:
    """What two sets share, of all that they hold together, from 0 to 1; 0 for two empty sets."""
    import numpy as np

    shared = len(np.intersect1d(one, other, assume_unique=True))
    return shared / max(1, len(one) + len(other) - shared)


def form_of(words: Sequence[str]) -> "Hashes | None":
    """Shingles of more than half of the texts, as an even choice of them shows; None where there are none.

    They are a form around the texts, such as an instruction. Fewer than 20 texts show no form.
    """
    import numpy as np

    chosen = words[:: max(1, -(-len(words) // _FORM_SAMPLE))]
    if len(chosen) < _FORM_FEWEST:
        return None
    grams, counts = np.unique(np.concatenate(shingles(chosen)), return_counts=True)
    form = grams[counts * 2 > len(chosen)]
    return form if len(form) else None


def candidates(words: Sequence[str], form: "Hashes | None", tell: Progress) -> "Places":
    """Pairs (pair, 2) of texts that may well be alike, the smaller place first, in order and each only once.

    In a bucket of many texts not each is paired with each, but all of them hang together.
    """
    import numpy as np

    digests, compared = _digests(words, form, part_of(tell, 0, 0.9))
    count = len(digests)
    found = [np.empty(0, dtype=np.int64)]
    for band in range(_BANDS):
        tell(0.9 + 0.1 * band / _BANDS)
        for one, other in _neighbours(_buckets(digests[:, band * _WIDTH : (band + 1) * _WIDTH])):
            for start in range(0, len(one), 2**16):
                a, b = one[start : start + 2**16], other[start : start + 2**16]
                likely = (digests[a] == digests[b]).mean(axis=1) >= _SURELY_NOT
                found.append(np.unique(a[likely] * count + b[likely]))
    codes = np.unique(np.concatenate(found))
    return compared[np.stack([codes // max(1, count), codes % max(1, count)], axis=1)]


def _digests(words: Sequence[str], form: "Hashes | None", tell: Progress) -> "tuple[Digests, Places]":
    """MinHash values (text, slot) of the texts that are long enough, and which ones these are."""
    import numpy as np
    from rensa import RMinHash

    rows, compared = [np.empty((0, _SLOTS), dtype=np.uint32)], []
    for start in range(0, len(words), _CHUNK):
        tell(start / len(words))
        sets = shingles(words[start : start + _CHUNK], form)
        kept = [number for number, grams in enumerate(sets) if len(grams) >= FEWEST]
        if kept:
            compared += [start + number for number in kept]
            offsets = np.cumsum([0, *(len(sets[number]) for number in kept)]).astype(np.uint64)
            flat = np.concatenate([sets[number] for number in kept])
            matrix = RMinHash.digest_matrix_from_flat_token_hashes(flat, offsets, _SLOTS, _SEED)
            rows.append(np.array(matrix.to_rows(), dtype=np.uint32))
    return np.concatenate(rows), np.array(compared, dtype=np.int64)


def _buckets(band: "Digests") -> "Hashes":
    import numpy as np

    mixed = np.zeros(len(band), dtype=np.uint64)
    for slot in range(band.shape[1]):
        mixed = (mixed ^ band[:, slot].astype(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(31)
    return mixed


def _neighbours(buckets: "Hashes") -> "Iterator[tuple[Places, Places]]":
    """Smaller and larger rows of pairs in one bucket: each with the next few, and with the first."""
    import numpy as np

    order = np.argsort(buckets, kind="stable")
    ordered = buckets[order]
    for lag in range(1, _NEIGHBOURS + 1):
        same = np.flatnonzero(ordered[lag:] == ordered[:-lag])
        if not len(same):
            return
        yield order[same], order[same + lag]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    first = np.repeat(starts, np.diff(np.append(starts, len(ordered))))
    far = np.flatnonzero(np.arange(len(ordered)) - first > _NEIGHBOURS)
    yield order[first[far]], order[far]
