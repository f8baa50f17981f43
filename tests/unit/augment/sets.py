"""Rows of the bundled samples as augmentation sees them, and real rows that were damaged."""

import random

from core.augment.entries import entries, shape_of
from core.augment.filter.alike import rouge_matches
from core.augment.filter.check import Known
from core.dataset.files.source import open_source
from core.dataset.load import choose, load, read_file

STRANGE = [
    "The recipe calls for two cups of flour, a pinch of salt and three eggs beaten until the mixture is pale.",
    "Yesterday the home team won the match after a late goal from the substitute striker delighted the crowd.",
    "Hikers reached the summit at dawn and watched the clouds drift below the ridge while water boiled for tea.",
    "Turn left at the lighthouse, follow the harbour wall and you will find the bakery beside a blue door.",
    "My cat refuses to eat anything but tuna and sleeps on the piano whenever visitors come to the house.",
    "The painter mixed ochre and cobalt to catch the evening light on the river before the storm arrived.",
    "Plant the bulbs ten centimetres deep in autumn, water them once and wait for the warm days of spring.",
    "The orchestra tuned while late listeners searched for seats, and the conductor waited with folded arms.",
]
KINDS = ("wrong label", "cut", "copied", "off topic", "another label")
FREE_KINDS = ("truncated", "duplicated", "off topic", "ungrounded", "of another row")
"""What can be wrong with a row whose answer is free text."""


def sample(name, home):
    """Shape, training, validation and test rows of a sample."""
    source = open_source(name, home)
    choice = choose(source)
    table, test = read_file(source, "train"), read_file(source, "test")
    shape, split = shape_of(choice, table), load(choice, home, 7)
    return (
        shape,
        entries(shape, table, split.train),
        entries(shape, table, split.validation),
        entries(shape, test, split.test),
    )


def damaged(kind, row, shape, chance, others, good):
    """A copy of `row` that is no good row any more."""
    (text,), (label,) = shape.inputs, shape.answers
    cells = dict(row.cells)
    if kind in {"wrong label", "another label"}:
        cells[label] = chance.choice([other.cells[label] for other in others if other.cells[label] != cells[label]])
    elif kind == "cut":
        words = cells[text].split()
        cells[text] = " ".join(words[: max(2, len(words) * 2 // 5)]).rstrip(".,;")
    elif kind == "copied":
        cells = dict(chance.choice(good).cells)
        words = cells[text].split()
        words[chance.randrange(len(words))] = "also"
        cells[text] = " ".join(words)
    else:
        cells[text] = chance.choice(STRANGE)
    return shape.entry(cells, 0)


def mixed(name, home, draw, free=True):
    """What candidates are held against, and test rows of a sample with their kind: 65 in 100 good, the others damaged.

    Test rows stand in for a strong teacher's. Each damaged one is made of a row of its own, which is no good one here.
    """
    shape, seeds, held_out, test = sample(name, home)
    chance = random.Random(draw)
    chance.shuffle(test)
    good, others = test[: len(test) * 3 // 5], test[len(test) * 3 // 5 :]
    like = rouge_matches(seeds, good, shape.inputs)  # boilerplate: right, and nothing new
    good = [row for place, row in enumerate(good) if place not in like]
    kinds, damage = (FREE_KINDS, damaged_answer) if free else (KINDS, damaged)
    left, bad = list(others), []
    for number in range(round(len(good) * 0.35 / 0.65)):
        kind = kinds[number % len(kinds)]
        fits = (row for row in left if kind != "truncated" or len(row.cells[shape.answers[0]].split()) >= LONG)
        row = next(fits, None)  # where no answer is long enough to be cut, there is one bad row less
        if row is not None:
            left.remove(row)
            bad.append((kind, damage(kind, row, shape, chance, test, good)))
    rows = [("good", row) for row in good] + bad
    chance.shuffle(rows)
    rows.sort(key=lambda pair: pair[0] in {"copied", "duplicated"})  # a copy comes after what it was copied from
    return Known(shape=shape, seeds=seeds, held_out=held_out), rows


LONG = 6
"""Words of an answer that can be cut."""


def damaged_answer(kind, row, shape, chance, others, good):
    """A copy of `row`, whose answer is free text, that is no good row any more."""
    (answer,), cells = shape.answers, dict(row.cells)
    if kind == "truncated":
        words = cells[answer].split()
        cells[answer] = " ".join(words[: max(2, len(words) * 2 // 5)]).rstrip(".,;")
    elif kind == "duplicated":
        cells = dict(chance.choice(good).cells)
        column = max(shape.inputs, key=lambda name: len(cells[name]))
        words = cells[column].split(" ")
        words[chance.randrange(len(words))] = "also"
        cells[column] = " ".join(words)
    elif kind == "off topic":
        cells |= {column: " ".join(chance.sample(STRANGE, 2)) for column in shape.inputs}
    elif kind == "ungrounded":
        cells[answer] = f"{cells[answer].rstrip(' .')} and {chance.randint(111, 9999) / 10:g} in Norwick."
    else:
        cells[answer] = chance.choice([other.cells[answer] for other in others if other.cells[answer] != cells[answer]])
    return shape.entry(cells, 0)
