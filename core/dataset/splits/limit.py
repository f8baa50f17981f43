"""Fewer training rows, so that it can be seen what more of them are worth."""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from core.dataset.splits.split import MIN_TRAIN, Places
from core.errors import DataError


def limited(places: Places, labels: Sequence[str | None], rows: int, seed: int) -> Places:
    """The division with at most so many training rows; validation and test rows stay as they are.

    Each label gives its share, and the rows of a smaller number are among those of a larger one: what a model gains
    from one number to the next comes from the rows that were added.

    Raises:
        DataError: They are fewer than can be trained on.
    """
    if rows < MIN_TRAIN:
        raise DataError(
            f"Training needs at least {MIN_TRAIN} rows, and {rows} were asked for.", "Ask for more training rows."
        )
    file, there = places.sides["train"]
    by_label: dict[str | None, list[int]] = defaultdict(list)
    for place in there:
        by_label[labels[place]].append(place)
    chance = random.Random(seed)
    ranked: list[tuple[float, float, int]] = []
    for group in by_label.values():
        chance.shuffle(group)
        # The k-th of a label's n rows stands k / n into the order: each prefix of it holds the label's share.
        ranked += [((number + 0.5) / len(group), chance.random(), place) for number, place in enumerate(group)]
    chosen = sorted(place for _, _, place in sorted(ranked)[:rows])
    return replace(places, sides={**places.sides, "train": (file, chosen)})
