"""Fewer training rows, so that it can be seen what more of them are worth."""

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from core.dataset.splits.made import MOST_A_HUMAN_ROW, MadeFrom
from core.dataset.splits.split import MIN_TRAIN, Places
from core.errors import DataError


def limited(
    places: Places, labels: Sequence[str | None], rows: int, seed: int, made: Mapping[int, MadeFrom] | None = None
) -> Places:
    """The division with at most so many training rows; validation and test rows stay as they are.

    Each label gives its share, and the rows of a smaller number are among those of a larger one: what a model gains
    from one number to the next comes from the rows that were added. Those that were `made` do not count; they stay
    where all that they were made from does, in the same measure as elsewhere.

    Raises:
        DataError: They are fewer than can be trained on.
    """
    if rows < MIN_TRAIN:
        raise DataError(
            f"Training needs at least {MIN_TRAIN} rows, and {rows} were asked for.", "Ask for more training rows."
        )
    file, there = places.sides["train"]
    by_label: dict[str | None, list[int]] = defaultdict(list)
    made = made or {}
    for place in there:
        if place in made:
            continue
        by_label[labels[place]].append(place)
    chance = random.Random(seed)
    ranked: list[tuple[float, float, int]] = []
    for group in by_label.values():
        chance.shuffle(group)
        # The k-th of a label's n rows stands k / n into the order: each prefix of it holds the label's share.
        ranked += [((number + 0.5) / len(group), chance.random(), place) for number, place in enumerate(group)]
    chosen = sorted(place for _, _, place in sorted(ranked)[:rows])
    own = set(chosen)
    along = [place for place in there if place in made and made[place].seeds and own.issuperset(made[place].seeds)]
    sides = {**places.sides, "train": (file, [*chosen, *along[: MOST_A_HUMAN_ROW * len(chosen)]])}
    return replace(places, sides=sides)
