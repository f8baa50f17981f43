"""How fast near copies are found, beside datasketch on the same rows, and how many of the planted ones are found."""

import random
import statistics
import time

import pytest

from core.dataset.splits.similar import near_pairs
from core.dataset.splits.split import Shares, partition

ROWS = 20_000
PLANTED = 0.2
ROUNDS = 3
MANY = 100_000


def planted_rows(number, seed=3):
    """Texts of about 300 characters, a fifth of them copies with one to three other words, and which of which."""
    chance = random.Random(seed)
    words = ["".join(chance.choices("etaoinshrdlucmfwypvb", k=chance.randint(2, 8))) for _ in range(8000)]
    weights = [1 / (rank + 10) for rank in range(len(words))]
    texts = [" ".join(chance.choices(words, weights, k=50)) for _ in range(round(number * (1 - PLANTED)))]
    origins = {}
    for _ in range(number - len(texts)):
        origin = chance.randrange(round(number * (1 - PLANTED)))
        copy = texts[origin].split()
        for place in chance.sample(range(len(copy)), chance.randint(1, 3)):
            copy[place] = chance.choice(words)
        origins[len(texts)] = origin
        texts.append(" ".join(copy))
    return texts, origins


def by_datasketch(texts):
    """Pairs that datasketch proposes at the same similarity, with the same shingles and as many permutations."""
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=0.8, num_perm=128)
    pairs = set()
    sketches = MinHash.generator(
        [{text[place : place + 5].encode() for place in range(len(text) - 4)} for text in texts], num_perm=128, seed=42
    )
    for number, sketch in enumerate(sketches):
        pairs.update((known, number) for known in index.query(sketch))
        index.insert(number, sketch)
    return pairs


def by_us(texts):
    return {(pair.first, pair.second) for pair in near_pairs(texts)}


def timed(find, texts):
    began = time.perf_counter()
    pairs = find(texts)
    return time.perf_counter() - began, pairs


def said(pairs, origins):
    """Recall of the planted copies, and precision: copies of one origin are copies of one another."""
    recall = sum((origin, copy) in pairs for copy, origin in origins.items()) / len(origins)
    right = sum(origins.get(a, a) == origins.get(b, b) for a, b in pairs) / len(pairs)
    return f"recall {recall:.4f}, precision {right:.4f}"


@pytest.mark.benchmark
def test_near_copies_are_found_faster_than_datasketch_finds_them():
    texts, origins = planted_rows(ROWS)
    by_us(texts[:100])
    rounds = [(timed(by_datasketch, texts), timed(by_us, texts)) for _ in range(ROUNDS)]
    ratios = [theirs[0] / ours[0] for theirs, ours in rounds]
    theirs, ours = rounds[0]
    print(
        f"{ROWS:,} rows: "
        f"datasketch {statistics.median(one[0] for one, _ in rounds):.1f} s ({said(theirs[1], origins)}), "
        f"Fewtune {statistics.median(other[0] for _, other in rounds):.1f} s ({said(ours[1], origins)}), "
        f"ratio {statistics.median(ratios):.1f} [{min(ratios):.1f}-{max(ratios):.1f}], n={ROUNDS}"
    )
    assert statistics.median(ratios) > 1


@pytest.mark.benchmark
def test_a_hundred_thousand_rows_are_compared_and_the_seconds_are_told():
    texts, origins = planted_rows(MANY)
    seconds, pairs = timed(by_us, texts)
    print(f"{MANY:,} rows: {seconds:.1f} s, {said(pairs, origins)}")
    assert len(pairs) >= 0.98 * len(origins)


@pytest.mark.benchmark
def test_a_million_rows_are_divided_and_the_seconds_are_told():
    from core.dataset.example import Example, Turn

    rows = [
        Example(row, (Turn("user", f"This is the text of row {row}, which is like no other one."),), "a", f"l{row % 9}")
        for row in range(1_000_000)
    ]
    seconds, parts = timed(lambda examples: partition({"train": examples}, Shares(), 7), rows)
    print(f"{len(rows):,} rows divided in {seconds:.1f} s, {len(parts.train):,} for training")
    assert len(parts.test) == 200_000
