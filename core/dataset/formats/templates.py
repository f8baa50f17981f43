"""Several columns as one text: "{title}: {body}" in the place of a column's name."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from core.dataset.table import Row, text_of

_FIELD = re.compile(r"\{([^{}\n]+)\}")


def fields(template: str) -> tuple[str, ...]:
    """The names in braces, each once; none where the text is no template."""
    return tuple(dict.fromkeys(_FIELD.findall(template)))


def renamed(template: str, names: Mapping[str, str]) -> str:
    """The template with other names in its braces."""
    return _FIELD.sub(lambda found: "{" + names.get(found[1], found[1]) + "}", template)


def fill(template: str, row: Row) -> str:
    """The template with the row's cells; empty cells leave neither their captions nor blank lines behind.

    A line of the template whose cells are all empty is left out, and the text is "" where all cells are.
    """
    kept: list[str] = []
    said = False
    for names, literals in _lines(template):
        if names:
            cells = [text_of(row.get(name)).strip() for name in names]
            if not any(cells):
                continue
            said = True
            kept.append("".join(f"{literal}{cell}" for literal, cell in zip(literals, [*cells, ""], strict=True)))
        elif literals[0].strip() or (kept and kept[-1]):
            kept.append(literals[0])
    return "\n".join(kept).strip() if said else ""


def columns_of(mapping: Mapping[str, str], columns: Iterable[str]) -> tuple[str, ...]:
    """The columns that a mapping uses, alone or in templates, in the order of its parts."""
    known = set(columns)
    used: dict[str, None] = {}
    for value in mapping.values():
        names = (value,) if value in known else fields(value)
        used.update(dict.fromkeys(names or (value,) if value else ()))
    return tuple(used)


@lru_cache(maxsize=256)
def _lines(template: str) -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]:
    """Line by line: the names in braces, and the texts before, between and after them."""
    split = (_FIELD.split(line) for line in template.split("\n"))
    return tuple((tuple(parts[1::2]), tuple(parts[::2])) for parts in split)
