"""What the data page says of findings, mends, versions, and of rows as the model sees them."""

from collections.abc import Mapping, Sequence

from core.dataset.finding import Finding
from core.dataset.formats.templates import columns_of
from core.dataset.rendered import RenderedRow
from core.dataset.report import PREVIEW, Report
from core.dataset.table import text_of
from core.dataset.versions.history import Version
from core.dataset.versions.mend import Change
from ui import drawings, markup, words
from ui.markup import text
from ui.readings import Sheet

_SEVERITIES = {"error": "Must fix", "warning": "Worth fixing", "note": "Note"}
_LONGEST_CELL = 280
_MOST_COLUMNS = 12
"""Columns of the preview; a table with more is no help to anyone."""


def key(sheet: Sheet) -> str:
    """Names what the list of findings shows, so that it is drawn anew only when that changed."""
    about = [finding.what for finding in sheet.report.findings] if sheet.report else []
    offers = [conversion.name for conversion in sheet.conversions]
    return f"{sheet.choice.source} {hash((*about, *offers))} {sheet.error}"


def finding(found: Finding) -> str:
    """One finding: how bad, what, where, an example, and what to do."""
    word = _SEVERITIES[found.severity]
    example = f"<span class='ft-quote'>{text(found.example)}</span>" if found.example else ""
    fix = f"<span class='ft-fix'>{text(found.fix)}</span>" if found.fix else ""
    return markup.block(
        f"<div class='ft-finding' title='{text(found.name)}'>"
        f"<span class='ft-severity {found.severity}'>{word}</span>"
        f"<span class='ft-what'>{text(found.what)} {example}{fix}</span></div>"
    )


def problems(sheet: Sheet) -> str:
    """What is wrong with the mapping, one line each."""
    if sheet.error is None or not sheet.error.problems:
        return ""
    lines = "".join(
        f"<div class='ft-finding'><span class='ft-severity error'>{_SEVERITIES['error']}</span>"
        f"<span class='ft-what'><b>{text(_part(name))}</b>: {text(problem)}</span></div>"
        for name, problem in sheet.error.problems.items()
    )
    return markup.block(lines)


def _part(setting: str) -> str:
    return setting.removeprefix("mapping.").replace("_", " ").capitalize()


def nothing_found() -> str:
    """What stands where no finding is."""
    return markup.block(
        "<p class='ft-below'>No empty rows, no repeated or contradicting ones, nothing shared with the test rows, "
        "no damaged text, no personal data that could be recognised.</p>"
    )


def conversion(title: str, about: str) -> str:
    """What can be made of rows that are no examples."""
    return markup.block(f"<p><b>{text(title)}</b><br>{text(about)}</p>")


def before_and_after(title: str, changes: Sequence[Change], total: int) -> str:
    """The first rows that a mend changes."""
    rows = []
    for change in changes:
        columns = change.after if change.after is not None else change.before
        for column in list(columns)[:3]:
            then = text_of(change.after[column]) if change.after is not None else "left out"
            rows.append(([f"{change.row:,}", column.strip(), text_of(change.before.get(column)), then], ""))
    shown = [([cells[0], cells[1], *(_around(cells[2], cells[3]))], look) for cells, look in rows]
    more = f"<p class='ft-below'>and {total - len(changes):,} more rows</p>" if total > len(changes) else ""
    table = drawings.table(("Row", "Column", "Before", "After"), shown, "ft-changes") if shown else ""
    nothing = "" if shown else "<p class='ft-below'>The rows stay as they are; only your decision is kept.</p>"
    return markup.block(f"<h3>{text(title)}</h3>{table}{nothing}{more}")


def _around(before: str, after: str, width: int = 120) -> tuple[str, str]:
    """Both texts, shortened around the first place where they differ."""
    if after == "left out":
        return words.shortened(before, width), after
    pairs = zip(before, after, strict=False)
    place = next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(before), len(after)))
    begin = max(0, place - width // 3)
    mark = "…" if begin else ""
    return mark + words.shortened(before[begin:], width), mark + words.shortened(after[begin:], width)


def preview(sheet: Sheet) -> str:
    """The first rows as plain text, with what was found marked in the cell, and what each column is used as."""
    rows = sheet.report or sheet.glance
    if rows is None:
        return markup.empty("The first rows appear once they can be read.")
    used = _used(sheet)
    columns = _shown(rows.columns, used)
    marks = _marks(sheet.report) if sheet.report else {}
    head = "".join(_heading(column, used.get(column, "")) for column in columns)
    body = ""
    for place, (number, row) in enumerate(zip(rows.preview_rows, rows.preview, strict=True)):
        if place == PREVIEW:
            width = len(columns) + 1
            body += f"<tr><td class='ft-between' colspan='{width}'>Rows in which something was found</td></tr>"
        cells = "".join(_cell(row.get(column, ""), marks.get((number, column))) for column in columns)
        whole = marks.get((number, ""))
        look = f" class='ft-marked' title='{text(whole)}'" if whole else ""
        body += f"<tr><td{look}>{number:,}</td>{cells}</tr>"
    first = min(PREVIEW, len(rows.preview))
    caption = f"The first {words.counted(first, 'row')}" if first > 1 else "The only row"
    if len(columns) < len(rows.columns):
        caption += f", in {len(columns)} of {len(rows.columns):,} columns: those that are used, and the first others"
    width = 60 + 150 * len(columns)  # below this it scrolls
    inside = f"<thead><tr><th>row</th>{head}</tr></thead><tbody>{body}</tbody>"
    table = f"<table class='ft-table ft-cells' style='min-width:{width}px'>{inside}</table>"
    return markup.block(f"<p class='ft-caption'>{text(caption)}</p><div class='ft-scroll'>{table}</div>")


def _used(sheet: Sheet) -> dict[str, str]:
    """Column to the part of the format that it is used as, alone or in a template."""
    mapping = sheet.report.mapping if sheet.report else {}
    return {
        column: part.replace("_", " ")
        for part, value in mapping.items()
        for column in columns_of({part: value}, sheet.columns)
    }


def _shown(columns: Sequence[str], used: Mapping[str, str]) -> list[str]:
    """The columns that are shown, in the order of the file; of many, the used ones and the first others."""
    room = max(0, _MOST_COLUMNS - len(used))
    others = {column for column, _ in zip((c for c in columns if c not in used), range(room), strict=False)}
    return [column for column in columns if column in used or column in others]


def _heading(column: str, part: str) -> str:
    name = text(column.strip() or column)
    return f"<th>{name}<span class='ft-part-name'>{text(part)}</span></th>" if part else f"<th>{name}</th>"


def _marks(report: Report) -> dict[tuple[int, str], str]:
    shown = set(report.preview_rows)
    marks: dict[tuple[int, str], str] = {}
    for found in report.findings:
        if found.file == "train":
            for row in shown.intersection(found.rows):
                marks.setdefault((row, found.column), found.what)
    return marks


def _cell(value: str, mark: str | None) -> str:
    shown = value if len(value) <= _LONGEST_CELL else value[: _LONGEST_CELL - 1] + "…"
    look = f" class='ft-marked' title='{text(mark)}'" if mark else ""
    return f"<td{look}>{text(shown)}</td>"


def versions(found: Sequence[Version], current: str, now: Mapping[str, int]) -> str:
    """The table of versions, the one in use lit; `now` are its rows."""
    numbers = {version.id: number for number, version in enumerate(found, start=1)}
    rows = [
        (
            [
                str(numbers[version.id]),
                version.act,
                f"version {numbers[version.parent]}" if version.parent in numbers else words.NOTHING,
                _counts(now if version.id == current else version.rows),
                f"{version.made[:19].replace('T', ' ')} UTC" if version.made else "",
            ],
            "lit" if version.id == current else "",
        )
        for version in found
    ]
    return markup.block(drawings.table(("Version", "What was done", "Made from", "Rows", "When"), rows))


def _counts(rows: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {_file(file)}" for file, count in rows.items()) or words.NOTHING


def _file(name: str) -> str:
    return {"train": "to learn from", "validation": "for validation", "test": "for testing"}.get(name, name)


def rendered(rows: Sequence[RenderedRow], model: str) -> str:
    """Rows as the model will see them: marks visible, what is learned highlighted, cuts shown."""
    if not rows:
        return markup.empty("None of these rows is an example.")
    legend = (
        "<p class='ft-below'><span class='ft-token answer'>learned</span> the loss is on these tokens; "
        "<span class='ft-token mark'>&lt;mark&gt;</span> a special token of the model; "
        "<span class='ft-token cut'>…</span> cut out, because the row is too long.</p>"
    )
    body = "".join(_rendered_row(row) for row in rows)
    return markup.block(
        f"<p class='ft-caption'>Through the chat template and tokenizer of {text(model)}</p>{legend}{body}"
    )


def _rendered_row(row: RenderedRow) -> str:
    if row.left_out:
        told = f"Row {row.row:,}: its answer alone is longer than the model has room for, so training leaves it out."
        return f"<div class='ft-rendered'><p class='ft-note'>{text(told)}</p></div>"
    told = f"Row {row.row:,}: {row.tokens:,} tokens, {row.learned:,} of them learned"
    pieces = "".join(
        f"<span class='ft-token {piece.kind}{' answer' if piece.learned else ''}'>{_lines(piece.text)}</span>"
        for piece in row.pieces
    )
    return f"<div class='ft-rendered'><p class='ft-caption'>{text(told)}</p><div class='ft-tokens'>{pieces}</div></div>"


def _lines(value: str) -> str:
    """Text with its line breaks: a block of ours may hold none, so they become elements."""
    return "<br>".join(text(line) for line in value.split("\n"))
