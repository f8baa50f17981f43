"""Rows with another number of cells than the header: a few that lack some are filled up, all others are refused."""

from dataclasses import dataclass, field

from core.dataset.finding import listed
from core.errors import DataError


@dataclass(slots=True)
class Ragged:
    """The ragged rows of a file; true where there are any."""

    short: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Row with too few cells to its line and its number of cells."""
    long: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Row with too many to its line and their number."""
    trimmed: list[int] = field(default_factory=list)
    """Rows whose cells beyond the last column were empty."""

    def __bool__(self) -> bool:
        return bool(self.short or self.long or self.trimmed)

    def fill(self, cells: list[str], width: int, row: int, line: int) -> list[str]:
        """The cells of `row` made `width` wide, and remembered."""
        if len(cells) > width and not any(map(str.strip, cells[width:])):
            self.trimmed.append(row)
            return cells[:width]
        swallowed = any("\n" in cell or "\r" in cell for cell in cells)  # lines, by a quote that should not be there
        remembered = self.short if len(cells) < width and not swallowed else self.long
        remembered[row] = (line, len(cells))
        return cells + [""] * (width - len(cells))

    def check(self, rows: int, width: int, separator: str, name: str) -> None:
        """Refuse rows that have too many cells, and a file in which more than a few have too few.

        Raises:
            DataError: Names the first row, and how many there are.
        """
        few = max(1, rows // 100)
        if not self.long and len(self.short) <= min(few, rows - 1):
            return
        wrong = dict(sorted({**self.short, **self.long}.items()))
        row, (line, cells) = next(iter(wrong.items()))
        more = f" So it is with {listed(list(wrong))}." if len(wrong) > 1 else ""
        cell = "1 cell" if cells == 1 else f"{cells} cells"
        column = "1 column" if width == 1 else f"{width} columns"
        raise DataError(
            f"Row {row} of {name} (line {line}) has {cell}, and the first line names {column}.{more}",
            f"The separator is {separator}: put cells that contain it between double quotes, "
            "and give each row every cell.",
        )

    def notes(self, name: str) -> tuple[str, ...]:
        """What was done, a sentence each."""
        notes = []
        if self.short:
            lines = [line for line, _ in self.short.values()]
            shown = f"line {lines[0]:,}" if len(lines) == 1 else f"lines {', '.join(f'{n:,}' for n in lines[:5])}"
            more = f" and {len(lines) - 5:,} more" if len(lines) > 5 else ""
            whose = "lacks cells, which stay" if len(lines) == 1 else "lack cells, which stay"
            rows = listed(list(self.short))
            notes.append(f"{rows[:1].upper()}{rows[1:]} of {name} ({shown}{more}) {whose} empty.")
        if self.trimmed:
            rows = listed(self.trimmed)
            ends = "ends" if len(self.trimmed) == 1 else "end"
            notes.append(f"{rows[:1].upper()}{rows[1:]} of {name} {ends} in separators too many, which were left out.")
        return tuple(notes)
