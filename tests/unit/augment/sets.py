"""Rows of the bundled samples as augmentation sees them, and real rows that were damaged."""

from core.augment.entries import entries, shape_of
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
