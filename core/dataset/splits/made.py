"""Generated rows in a division: for training alone, in measure, and only where nothing held out had a part in them."""

from collections.abc import Collection, Hashable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from core.dataset.provenance import generated_rows

if TYPE_CHECKING:
    from core.dataset.examples import Reading
    from core.dataset.splits.split import Places

MOST_A_HUMAN_ROW = 4
"""Generated training rows for each human one at most; the guide goes to ten, of 100 seeds a thousand rows."""

NOT_WANTED = "generated rows, as the plan wants none"


@dataclass(frozen=True, slots=True)
class MadeFrom:
    """What a generated row was made from."""

    seeds: tuple[int, ...]
    """Places of its seeds among the training examples."""


Made: TypeAlias = Mapping[str, Mapping[int, MadeFrom]]
"""File to the places of its generated examples."""
_Sides: TypeAlias = MutableMapping[str, tuple[str, Sequence[int]]]
_LeftOut: TypeAlias = MutableMapping[tuple[str, str], list[int]]


def find_made(readings: Mapping[str, "Reading"]) -> Made:
    """The generated examples of all files."""
    found: dict[str, dict[int, MadeFrom]] = {}
    places: dict[int, int] = {}
    for file, reading in readings.items():
        origins = generated_rows(reading.table, reading.index.rows)
        if origins and not places:
            places = {row: place for place, row in enumerate(readings["train"].index.rows)}
        if origins:
            found[file] = {
                place: MadeFrom(tuple(places[row] for row in origin.seeds if row in places))
                for place, origin in origins.items()
            }
    return found


def leave_made_out(kept: MutableMapping[str, list[int]], made: Made) -> dict[tuple[str, str], list[int]]:
    """Take generated rows out of files that are held out as a whole; gives them with the reason."""
    gone: dict[tuple[str, str], list[int]] = {}
    for file in kept.keys() - {"train"}:
        there = [place for place in kept[file] if place in made.get(file, {})]
        if there:
            gone[file, f"generated {file} rows"] = there
            kept[file] = [place for place in kept[file] if place not in made[file]]
    return gone


def count_made(made: Made, places: "Places") -> int:
    """How many training rows of a division are generated ones."""
    file, there = places.sides["train"]
    own = made.get(file, {})
    return sum(place in own for place in there) if own else 0


def without_made(places: "Places", made: Collection[int]) -> "Places":
    """The division with human training rows alone."""
    file, there = places.sides["train"]
    gone = [place for place in there if place in made]
    if not gone:
        return places
    sides = {**places.sides, "train": (file, [place for place in there if place not in made])}
    return replace(places, sides=sides, left_out={**places.left_out, NOT_WANTED: (file, gone)})


def join_made(
    sides: _Sides,
    kept: Sequence[int],
    made: Mapping[int, MadeFrom],
    ties: Mapping[str, Mapping[str, Sequence[Hashable | None]]],
    left_out: _LeftOut,
) -> None:
    """Add generated training rows to the training side, but those that would carry over what is held out."""
    human = [place for place in sides["train"][1] if place not in made]
    held = {
        place for side in ("validation", "test") if sides.get(side, ("", ()))[0] == "train" for place in sides[side][1]
    }
    values = {what: by_file["train"] for what, by_file in ties.items() if "train" in by_file}
    taken = {what: {of[place] for place in held} - {None} for what, of in values.items()}
    joined: list[int] = []
    for place in (place for place in kept if place in made):
        tied = next((what for what, of in values.items() if of[place] in taken[what]), "")
        reason = f"generated rows with {tied} as a held-out row" if tied else ""
        if held.intersection(made[place].seeds):
            reason = "generated rows whose seeds are held out"
        if not reason and len(joined) >= MOST_A_HUMAN_ROW * len(human):
            reason = f"more than {MOST_A_HUMAN_ROW} generated rows for each human training row"
        if reason:
            left_out.setdefault(("train", reason), []).append(place)
        else:
            joined.append(place)
    sides["train"] = ("train", [*human, *joined])
