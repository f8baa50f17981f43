"""Ten thousand candidates through all checks, beside a plain loop of ROUGE-L over all pairs. Prints what it found."""

import json
import random
import resource
import time

import pytest

from core.augment.filter.check import Known
from core.augment.filter.choose import choose_diverse
from core.augment.filter.funnel import sift
from core.augment.teachers import TEACHERS
from core.augment.teachers.teacher import Request
from core.augment.variation import Cell
from core.augment.words import words_of
from core.evaluate.metrics.rouge import longest_common_subsequence
from tests.unit.augment.sets import sample

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(3600)]
CANDIDATES, PAIRS = 10_000, 2_000


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def written(shape, seeds, many):
    """Candidates as they come: pieces of rows with one label, some of them near copies of others."""
    rules, chance, found = TEACHERS["rules"], random.Random(5), []
    ask = rules.open(rules.options(), "")
    labels = sorted({seed.example.label for seed in seeds})
    while len(found) < many:
        label = labels[len(found) % len(labels)]
        shots = chance.sample([seed for seed in seeds if seed.example.label == label], 6)
        cell = Cell(cluster=0, label=label, length="short", style="plain", constraint="")
        number = len(found)
        request = Request(number=number, prompt="", shots=shots, cell=cell, shape=shape, rows=4, most_tokens=1)
        found += [shape.entry(json.loads(line), 0) for line in ask(request).text.splitlines()]
    return found[:many]


def plain_seconds(candidates, pairs) -> float:
    """Of one pair in a plain loop."""
    words, chance = [words_of(one.cells["text"]) for one in candidates], random.Random(6)
    began = time.perf_counter()
    for _ in range(pairs):
        one, other = chance.choice(words), chance.choice(words)
        assert 2 * longest_common_subsequence(one, other) <= len(one) + len(other)
    return (time.perf_counter() - began) / pairs


def test_ten_thousand_candidates_are_sifted_far_sooner_than_by_a_plain_loop_and_in_little_memory(tmp_path):
    shape, train, validation, test = sample("legal_clauses", tmp_path)
    known = Known(shape=shape, seeds=train, held_out=[*validation, *test])
    candidates = written(shape, train, CANDIDATES)
    sift(known, candidates[:200])  # libraries are loaded and the seeds are learned
    before, began = peak_mib(), time.perf_counter()
    sifted = sift(known, candidates)
    kept = [candidates[place] for place in sifted.kept]
    chosen = choose_diverse(shape, train, kept, {}, 1000)
    seconds, more = time.perf_counter() - began, peak_mib() - before
    pairs = CANDIDATES * (CANDIDATES - 1) / 2 + CANDIDATES * (len(train) + len(known.held_out))
    plain = plain_seconds(candidates, PAIRS) * pairs
    print(f"\n{CANDIDATES:,} candidates: {seconds:.0f} s, {len(kept):,} kept, {len(chosen):,} chosen", end="")
    print(f"; a plain loop would take {plain / 3600:.1f} h, {plain / seconds:.0f} times as long", end="")
    print(f"; the peak of memory rose by {more:.0f} MiB")
    for stage in sifted.stages:
        print(f"    {stage.name}: {stage.seen:,} seen, {stage.rejected:,} rejected")
    assert seconds < plain / 100
    assert more < 1024
