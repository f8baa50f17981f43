"""A document as Markdown, in which nobody's text is more than text."""

from collections.abc import Sequence

from core.document.parts import Block, Code, Curves, Items, Marks, Paragraph, Section, Table

_ACTIVE = {ord(character): f"&#{ord(character)};" for character in '&<>"\\`*_{}[]#|~$!'} | {
    ord(character): " " for character in "\n\r\t\0"
}
_MOST_POINTS = 40


def markdown(title: str, sections: Sequence[Section]) -> str:
    """The whole document."""
    parts = [f"# {escaped(title)}"]
    for section in sections:
        parts += [f"## {escaped(section.title)}", *map(_block, section.blocks)]
    return "\n\n".join(parts) + "\n"


def escaped(text: str) -> str:
    """On one line, without anything that Markdown or HTML would read."""
    return text.translate(_ACTIVE)


def _block(block: Block) -> str:
    match block:
        case Paragraph(text, alarm):
            return f"**{escaped(text)}**" if alarm else escaped(text)
        case Items(lines):
            return "\n".join(f"- {escaped(line)}" for line in lines)
        case Code(text):
            # A fence that is longer than any in the text cannot be closed by it.
            fence = "`" * max(3, 1 + max((len(run) for run in _runs(text)), default=0))
            return f"{fence}\n{text}\n{fence}"
        case Table(head, rows):
            return _table(head, rows)
        case Curves(title, series):
            points = max(series.values(), key=lambda one: 0 if len(one) > _MOST_POINTS else len(one), default=())
            name = next((name for name, one in series.items() if one is points), "")
            rows = [(f"{step:,}", f"{value:.4g}") for step, value in points[:_MOST_POINTS]]
            return f"{escaped(title)}\n\n{_table(('step', name), rows)}"
        case Marks(title, axis, unit, marks):
            rows = [(mark.label, f"{mark.value:.4g}", f"{mark.low:.4g} to {mark.high:.4g}") for mark in marks]
            return f"{escaped(title)}\n\n{_table((axis or 'variant', unit or 'value', '95 %'), rows)}"


def _runs(text: str) -> list[str]:
    return [run for run in "".join(c if c == "`" else " " for c in text).split() if run]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    marked = [[cell if number == 1 else escaped(cell) for cell in line] for number, line in enumerate(lines)]
    return "\n".join(f"| {' | '.join(line)} |" for line in marked)
