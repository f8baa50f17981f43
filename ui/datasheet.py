"""What the data page says of a data set: markup and tables from a report."""

from collections.abc import Mapping, Sequence
from typing import Any

from core.dataset.formats import FORMATS
from core.dataset.load import SURE
from core.dataset.report import Report
from core.dataset.samples import Sample
from core.errors import SettingsError, UserError
from core.job.inquiry import Inquiry
from ui import drawings, markup, words
from ui.markup import text
from ui.readings import Sheet

_MOST_LABELS = 16


def welcome(chosen: str = "") -> str:
    """What the page says before there are data, or before others are chosen."""
    stays = f"Until you choose, {_name(chosen)} stays." if chosen else "Nothing leaves this computer."
    return markup.headline(
        "Which examples should the model learn from?", f"A few hundred rows of prompt and answer are enough. {stays}"
    )


def back(chosen: str) -> str:
    """What the button says that leads back to the data that are still chosen."""
    return f"Back to {_name(chosen)}"


def refusal(error: UserError) -> str:
    """What is wrong with a file that cannot be taken in, and what to do."""
    return markup.headline("This file cannot be read", f"{error.what} {error.fix}".strip(), "amber")


def sample_card(sample: Sample) -> str:
    """A sample as the text of its card; the first line is its title."""
    return f"{sample.title}\n{sample.task}.\n{sample.rows:,} rows to learn from, {sample.test_rows:,} to test on"


def headline(sheet: Sheet) -> str:
    """The finding about the data."""
    report = sheet.report
    if report is None:
        return _unread(sheet)
    if not report.ready:
        first = next(finding for finding in report.findings if finding.severity == "error")
        return markup.headline(f"Not ready yet: {first.what.rstrip('.')}", first.fix, "amber")
    name = "sample" if sheet.source and sheet.source.sample else "file"
    kinds = f" in {words.counted(len(report.labels), 'kind')}" if report.labels else ""
    return markup.headline(f"Your {name} is ready: {words.counted(report.usable, 'example')}{kinds}", _verdict(report))


def _unread(sheet: Sheet) -> str:
    what, fix = (sheet.error.what, sheet.error.fix) if sheet.error else ("The data cannot be read.", "")
    if sheet.stopped:
        return markup.headline(what.rstrip("."), fix)
    if sheet.glance is None:
        return markup.headline("These rows cannot be read yet", f"{what} {fix}", "amber")
    if isinstance(sheet.error, SettingsError):
        return markup.headline("Which column is what?", f"{sheet.error.fix} The first rows stand below.")
    none = "No format fits the rows as they stand."  # and not all their columns, which may be many: they stand below
    if sheet.conversions:
        todo = "Choose below what to make of them, or say yourself which column is what."
        return markup.headline("These rows are not examples yet", f"{none} {todo}")
    return markup.headline("Which column is what?", f"{none} Choose the format and its columns below.")


def _verdict(report: Report) -> str:
    enough = _capital(report.enough[1].removeprefix(words.counted(report.usable, "example")).lstrip(":; "))
    warnings = sum(1 for finding in report.findings if finding.severity == "warning")
    guess = "" if report.confidence >= SURE else "How the rows are read is a guess: look at the columns below. "
    if not warnings:
        return f"{guess or 'Nothing is in the way. '}{enough}"
    safe = any(finding.mends and finding.mends[0].safe for finding in report.findings)
    more = ", and one click mends what is safe to mend" if safe else ""
    return f"{guess}{words.counted(warnings, 'thing')} below may cost quality{more}. {enough}"


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def _name(name: str, limit: int = 48) -> str:
    """A file's name, which may be very long, with its ending."""
    return name if len(name) <= limit else f"{name[: limit - 13]}…{name[-12:]}"


def facts(sheet: Sheet) -> str:
    """Rows, columns, format and language."""
    report, seen = sheet.report, sheet.glance
    whole = sheet.choice.name
    if report is None:
        if seen is None:
            return ""
        tiles = [(f"{seen.rows:,}", f"{_rows(seen.rows)} in {_name(whole)}", whole), _columns(seen.columns)]
        unread = [
            (words.NOTHING, "format: not chosen yet", ""),
            (words.NOTHING, _encoded("language", seen.encoding), ""),
        ]
        return markup.block(markup.facts([*tiles, *unread]))
    others = {"validation": "for validation", "test": "for testing"}
    extra = [f"{count:,} {others[name]}" for name, count in report.file_rows.items() if name in others]
    rows = f"{_rows(report.rows)} in {_name(whole)}" + (f", {' and '.join(extra)}" if extra else "")
    language = "language" if report.language else "language: not certain"
    rows_help = f"{whole}: rows that the model learns from; the header is not counted."
    return markup.block(
        markup.facts(
            [
                (f"{report.rows:,}", rows, rows_help),
                _columns(report.columns),
                (FORMATS[report.format].title, _sure(report), f"{FORMATS[report.format].about} {report.because}"),
                (report.language or words.NOTHING, _encoded(language, report.encoding), "Judged from longer texts."),
            ]
        )
    )


def _rows(count: int) -> str:
    return "row" if count == 1 else "rows"


def _columns(columns: Sequence[str]) -> tuple[str, str, str]:
    listed = words.shortened(", ".join(column.strip() for column in columns), 42)
    named = "column" if len(columns) == 1 else "columns"
    return f"{len(columns):,}", f"{named}: {listed}", words.shortened("; ".join(columns), 1000)


def _sure(report: Report) -> str:
    if report.confidence == 1:
        return "format, as chosen"
    guess = "" if report.confidence >= SURE else ": look whether the columns are right"
    return f"format, detected, {words.percent(report.confidence)} sure{guess}"


def _encoded(what: str, encoding: str) -> str:
    return f"{what}; the file is written in {words.encoding(encoding)}" if encoding else what


def looking_at(name: str) -> str:
    """The title of the page while the rows are checked."""
    return f"Looking at the rows of {_name(name)}"


def reading(title: str) -> str:
    """What the page says while a large file is read."""
    return markup.headline(title, "The page goes on by itself; you may leave it meanwhile.")


def working(inquiry: Inquiry[Any] | None) -> str:
    """What goes on, how far it is, and how long it will take."""
    if inquiry is None:
        return ""
    left = inquiry.seconds_left
    told = f"{inquiry.share:.0%}" + (f", about {words.duration(left)} left" if left is not None else "")
    line = f"<div class='ft-status-row'><span>Now: {text(inquiry.about)}</span><span>{text(told)}</span></div>"
    return markup.block(f"<div role='status'>{drawings.progress(inquiry.share or None)}{line}</div>")


def shares(sheet: Sheet) -> str:
    """Lengths as quantiles, labels as bars."""
    report = sheet.report
    if report is None or not report.lengths:
        return markup.empty("Lengths appear once the rows can be read.")
    figures = [_lengths(f"{side.capitalize()}, characters", report.lengths[side]) for side in report.lengths]
    if report.labels:
        shown = list(report.labels.items())[:_MOST_LABELS]
        more = len(report.labels) - len(shown)
        rest = f"<p class='ft-below'>and {more} more</p>" if more > 0 else ""
        lines = [(label, float(count), words.counted(count, "row")) for label, count in shown]
        figures.append(f"<p class='ft-caption'>Labels</p>{drawings.bars(lines)}{rest}")
    return markup.block("".join(figures))


def _lengths(title: str, points: Mapping[str, int]) -> str:
    named = {"p25": "a quarter is shorter than", "median": "half is shorter than", "p95": "19 of 20 are shorter than"}
    named["max"] = "the longest"
    lines = [(name, float(points[point]), f"{points[point]:,}") for point, name in named.items()]
    return f"<p class='ft-caption'>{text(title)}</p>{drawings.bars(lines)}"


def summaries(sheet: Sheet) -> str:
    """What stands in each column."""
    if sheet.report is None:
        return markup.empty("The columns appear once the rows can be read.")
    heads = ("Column", "Used as", "Filled", "Different", "Typical length", "Longest", "For example")
    rows = [
        [
            column.name.strip() or column.name,
            column.used_as.replace("_", " ") or words.NOTHING,
            words.percent(column.filled),
            f"{column.distinct:,}",
            f"{column.typical_length:,}",
            f"{column.longest:,}",
            words.shortened(column.example, 80),
        ]
        for column in sheet.report.summaries
    ]
    return markup.block(drawings.table(heads, [(row, "") for row in rows], "ft-columns"))


def tokens(sheet: Sheet) -> str:
    """How long the rows are in the model's tokens, with its limit on the scale."""
    found = sheet.report.tokens if sheet.report else None
    if found is None:
        return markup.block("<p class='ft-below'>Lengths in tokens need the model's tokenizer on this computer.</p>")
    over = f"{words.percent(found.over)} of the rows are longer and lose the middle of their prompt."
    told = over if found.over else "Every row fits."
    head = f"Tokens of prompt and answer together ({found.model})"
    line = f"Half of the rows have at most {found.median:,} tokens, the longest {found.longest:,}; there is room for "
    figure = drawings.histogram(found.bars, found.limit, "tokens")
    below = f"<p class='ft-below'>{text(f'{line}{found.limit:,}. {told}')}</p>"
    return markup.block(f"<p class='ft-caption'>{text(head)}</p>{figure}{below}")
