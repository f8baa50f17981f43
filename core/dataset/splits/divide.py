"""The readings of a data set divided as a choice says, and what the held-out rows can show, in words."""

from collections.abc import Mapping
from dataclasses import replace
from math import sqrt

from core.dataset.choice import DEFAULT_TEST_SHARE, DataChoice
from core.dataset.example import Split
from core.dataset.examples import Reading
from core.dataset.finding import Finding, counted
from core.dataset.health.check import SAMPLE
from core.dataset.progress import Progress, nobody
from core.dataset.splits.limit import limited
from core.dataset.splits.made import count_made, find_made, without_made
from core.dataset.splits.split import (
    MIN_TEST,
    SAME_PROMPT,
    Places,
    Shares,
    find_places,
    split_at,
)
from core.dataset.splits.ties import NEAR_PROMPT, NearCopies, find_ties
from core.errors import DataError

SEED = 7
"""Of the trial split that tells whether there are enough rows."""
_Z = 1.96
_FEW_A_LABEL = 5


def divide(readings: Mapping[str, Reading], choice: DataChoice, seed: int) -> Split:
    """Training, validation and test rows as `choice` says.

    Raises:
        DataError: Too few rows are left, or the folds cannot be made.
        SettingsError: A file lacks the column whose equal values should stay together.
    """
    files = {file: reading.examples for file, reading in readings.items()}
    places = divide_places(readings, choice, seed)
    return replace(split_at(files, places), generated=count_made(find_made(readings), places))


def divide_places(
    readings: Mapping[str, Reading],
    choice: DataChoice,
    seed: int,
    near: NearCopies | None = None,
    tell: Progress = nobody,
) -> Places:
    """Where the rows of each side stand; `near` is given where it is known already.

    Raises:
        DataError: Too few rows are left, or the folds cannot be made.
        SettingsError: A file lacks the column whose equal values should stay together.
    """
    shares = Shares(validation=choice.validation_share, test=choice.test_share, folds=choice.folds, fold=choice.fold)
    looks = {file: reading.index.look for file, reading in readings.items()}
    made = find_made(readings)
    places = find_places(looks, shares, seed, find_ties(readings, choice, near), tell, made)
    own = made.get("train", {})
    if own and not choice.generated:
        places = without_made(places, own)
    return limited(places, looks["train"].labels, choice.train_rows, seed, own) if choice.train_rows else places


def find_split(
    readings: Mapping[str, Reading],
    choice: DataChoice,
    near: NearCopies | None = None,
    tell: Progress = nobody,
) -> tuple[list[Finding], Places | None]:
    """What people should know about the division of the rows: that it cannot be made, or what it can show.

    Gives the division too, where it can be made.

    Raises:
        SettingsError: A file lacks the column whose equal values should stay together.
    """
    try:
        places = divide_places(readings, choice, SEED, near, tell)
    except DataError as error:
        return [Finding(name="too-few-rows", severity="error", what=error.what, fix=error.fix)], None
    _, train = places.sides["train"]
    labels = len({readings["train"].index.labels[place] for place in train} - {None})
    size = _size(places, choice, labels, own_test="test" in readings)
    return [*size, *_given_way(places, readings), *_untied(readings)], places


def precision_of(test_rows: int, labels: int = 0) -> str:
    """What a test part of so many rows can show, one sentence, or two where `labels` have few rows each.

    Half the width of Wilson's 95 % interval where half of the answers are right, its widest place, is
    0.98 / sqrt(n + 3.84): 15 points for 40 rows.
    """
    if not test_rows:
        return "Without test rows there is no score."
    points = 100 * _Z / 2 / sqrt(test_rows + _Z**2)
    shown = f"{points:.0f}" if points >= 2 else f"{points:.1f}"
    said = f"{counted(test_rows, 'test row')}: differences under about {shown} points cannot be told from chance."
    if labels and test_rows < _FEW_A_LABEL * labels:
        said += f" For each of the {labels} labels there are too few to judge it alone."
    return said


def _size(places: Places, choice: DataChoice, labels: int, *, own_test: bool) -> list[Finding]:
    test = places.size("test")
    if not test:
        return []
    said = precision_of(test, labels)
    usable = sum(map(places.size, places.sides))
    asked = max(1, round(usable * choice.test_share))
    raised = (
        not own_test
        and not choice.folds
        and not choice.train_rows
        and choice.test_share == DEFAULT_TEST_SHARE
        and test > asked
    )
    if raised:
        said += (
            f" The test share was raised from {counted(asked, 'row')} to {test} of {usable}, "
            f"because fewer than {MIN_TEST} rows say very little."
        )
    elif test >= MIN_TEST:
        return []
    fix = (
        "Add test rows, or let a study test on every row: 'Test on every row' on its page, --kind folds."
        if not own_test
        else ("Add rows to the test file.")
    )
    return [Finding(name="split-size", severity="note", what=said, fix=fix)]


def _given_way(places: Places, readings: Mapping[str, Reading]) -> list[Finding]:
    """Rows that give way to another file for a value they share; for prompts, the checks of leakage say it."""
    found = []
    for why, (file, there) in places.left_out.items():
        if SAME_PROMPT not in why and NEAR_PROMPT not in why:
            rows = tuple(readings[file].examples[place].row for place in there)
            what = f"{counted(len(rows))} of the {file} file are left out: {why}."
            fix = "Nothing needs to be done, unless so many rows are missed: then keep no column together."
            found.append(Finding(name="split-group", severity="note", rows=rows, what=what, fix=fix, file=file))
    return found


def _untied(readings: Mapping[str, Reading]) -> list[Finding]:
    rows = sum(len(reading.examples) for reading in readings.values())
    if rows <= SAMPLE:
        return []
    what = f"Of {rows:,} rows only those with exactly the same prompt stay on one side of the split, not near copies."
    fix = f"Nothing, unless there are many near copies: then take at most {SAMPLE:,} rows."
    return [Finding(name="split-near", severity="note", what=what, fix=fix)]
