"""The plan of controlled variation: which kind of row is asked for next, and which examples stand in the question."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from random import Random

from core.augment.card import TaskCard
from core.augment.entries import Entry

HUMAN_SHOTS, GENERATED_SHOTS = 6, 2
"""Examples of a prompt; Wang and others, 2023, Self-Instruct, section 2.2."""
STYLES = ("plain and direct", "formal", "as someone in a hurry would write", "with an unusual detail", "a rare case")
LENGTHS = ("short", "middling", "long")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One kind of row."""

    cluster: int
    """Of the seeds; see `core.augment.analyse.clusters`."""
    label: str
    """Empty where answers are free text."""
    length: str
    style: str
    constraint: str
    """One that the rows should bring out; empty where there is none."""


def cell_of(card: TaskCard, number: int) -> Cell:
    """The kind of row that question `number` asks for: all labels in turn, everything else by lot, always the same."""
    chance = Random(f"cell {number}")
    labels = sorted(card.labels)
    return Cell(
        cluster=chance.randrange(max(1, len(card.topics))),
        label=labels[number % len(labels)] if labels else "",
        length=LENGTHS[chance.randrange(len(LENGTHS))],
        style=STYLES[chance.randrange(len(STYLES))],
        constraint=card.constraints[chance.randrange(len(card.constraints))] if card.constraints else "",
    )


def draw_shots(
    cell: Cell, number: int, seeds: Sequence[Entry], clusters: Sequence[int], generated: Sequence[Entry]
) -> list[Entry]:
    """Six seeds of different clusters, the wanted one first and half of them with the wanted label, two candidates."""
    chance = Random(f"shots {number}")
    order = list(range(len(seeds)))
    chance.shuffle(order)
    fitting = [place for place in order if not cell.label or seeds[place].example.label == cell.label]
    others = [place for place in order if place not in set(fitting)]
    many = HUMAN_SHOTS if not others else HUMAN_SHOTS // 2
    chosen = _in_turn(fitting, clusters, cell.cluster)[:many]
    chosen += _in_turn(others, clusters, cell.cluster)[: HUMAN_SHOTS - len(chosen)]
    made = [row for row in generated if not cell.label or row.example.label == cell.label] or list(generated)
    return [seeds[place] for place in chosen] + chance.sample(made, min(GENERATED_SHOTS, len(made)))


def _in_turn(places: Sequence[int], clusters: Sequence[int], first: int) -> list[int]:
    by_cluster: Mapping[int, list[int]] = {cluster: [] for cluster in (first, *sorted({*clusters} - {first}))}
    for place in places:
        by_cluster[clusters[place]].append(place)
    return [place for row in zip_longest(*by_cluster.values()) for place in row if place is not None]
