"""What the data page says of a data set: markup and tables from a report."""

from collections.abc import Mapping
from dataclasses import dataclass

import gradio as gr

from core.dataset.choice import DataChoice
from core.dataset.formats import FORMATS
from core.dataset.load import Report, columns
from core.dataset.samples import Sample
from core.dataset.source import Source
from core.errors import UserError
from ui import drawings, markup, words
from ui.desk import Desk
from ui.markup import text

_MOST_LABELS = 16
_LONGEST_CELL = 400
_FITTING_COLUMNS = 8
_SEVERITIES = {"error": "Stops", "warning": "Harms", "note": "Note"}


@dataclass(frozen=True, slots=True)
class Sheet:
    """The chosen data as far as they can be read."""

    choice: DataChoice
    source: Source | None
    report: Report | None
    columns: tuple[str, ...]
    error: UserError | None

    @property
    def ready(self) -> bool:
        """Whether one can go on."""
        return self.report is not None and self.report.ready


def look(desk: Desk, choice: DataChoice) -> Sheet:
    """Read the data; what is wrong is part of the answer."""
    source: Source | None = None
    try:
        source = desk.engine.source(choice.source)
        report = desk.report(choice)
    except UserError as error:
        return Sheet(choice, source, None, _columns(source), error)
    return Sheet(choice, source, report, report.columns, None)


def columns_of(desk: Desk, choice: DataChoice) -> tuple[str, ...]:
    """The columns of the chosen data."""
    return look(desk, choice).columns


def _columns(source: Source | None) -> tuple[str, ...]:
    if source is None:
        return ()
    try:
        return columns(source)
    except UserError:
        return ()


def welcome(chosen: str = "") -> str:
    """What the page says before there are data, or before others are chosen."""
    stays = f"Until you choose, {chosen} stays." if chosen else "Nothing leaves this computer."
    return markup.headline(
        "Which examples should the model learn from?", f"A few hundred rows of prompt and answer are enough. {stays}"
    )


def refusal(error: UserError) -> str:
    """What is wrong with a file that cannot be taken in, and what to do."""
    return markup.headline("This file cannot be read", f"{error.what} {error.fix}".strip(), "amber")


def sample_card(sample: Sample) -> str:
    """A sample as the text of its card; the first line is its title."""
    return f"{sample.title}\n{sample.task}.\n{sample.rows:,} rows to learn from, {sample.test_rows:,} to test on"


def headline(sheet: Sheet) -> str:
    """The finding about the data."""
    if sheet.report is None:
        what, fix = (sheet.error.what, sheet.error.fix) if sheet.error else ("The data cannot be read.", "")
        return markup.headline("These rows cannot be read yet", f"{what} {fix}", "amber")
    report = sheet.report
    if not report.ready:
        first = next(finding for finding in report.findings if finding.severity == "error")
        return markup.headline(f"Not ready yet: {first.what.rstrip('.')}", first.fix, "amber")
    name = "sample" if sheet.source and sheet.source.sample else "file"
    kinds = f" in {words.counted(len(report.labels), 'kind')}" if report.labels else ""
    return markup.headline(f"Your {name} is ready: {words.counted(report.usable, 'example')}{kinds}", _warned(report))


def _warned(report: Report) -> str:
    warnings = sum(1 for finding in report.findings if finding.severity == "warning")
    if not warnings:
        return "Nothing is in the way. " + report.because
    return f"{words.counted(warnings, 'warning')} below may cost quality. {report.because}"


def facts(sheet: Sheet) -> str:
    """Rows, columns, format and length."""
    report = sheet.report
    if report is None:
        return markup.block(markup.facts([("–", name, "") for name in ("rows", "columns", "format", "typical prompt")]))
    extra = [f"{count:,} to {name}" for name, count in report.file_rows.items() if name != "train"]
    rows = "rows to learn from" + (f", {' and '.join(extra)}" if extra else "")
    listed = words.shortened(", ".join(report.columns), 42)
    sure = f"detected, {report.confidence:.0%} sure" if report.confidence < 1 else "format"
    length = report.lengths.get("prompt", {})
    typical = f"{length['median']:,}" if length else words.NOTHING
    longest = f"characters in a typical prompt, {length['max']:,} at most" if length else "characters"
    title = FORMATS[report.format].title
    return markup.block(
        markup.facts(
            [
                (f"{report.rows:,}", rows, "Rows of the file that the model learns from; the header is not counted."),
                (f"{len(report.columns)}", f"columns: {listed}", f"Encoding: {report.encoding or 'binary'}"),
                (title, sure, FORMATS[report.format].about),
                (typical, longest, "The median: half of the prompts are shorter."),
            ]
        )
    )


def findings(sheet: Sheet) -> str:
    """What is wrong, the most harmful first, each with what to do."""
    if sheet.report is None:
        if sheet.error is None or not sheet.error.problems:
            return ""
        lines = "".join(_finding("error", problem, "") for problem in sheet.error.problems.values())
        return markup.block(f"<ul class='ft-findings'>{lines}</ul>")
    if not sheet.report.findings:
        return markup.block(
            "<p class='ft-below'>No empty rows, no repeated prompts, nothing shared with the test rows.</p>"
        )
    lines = "".join(_finding(finding.severity, finding.what, finding.fix) for finding in sheet.report.findings)
    return markup.block(f"<p class='ft-caption'>What was found</p><ul class='ft-findings'>{lines}</ul>")


def _finding(severity: str, what: str, fix: str) -> str:
    word = _SEVERITIES[severity]
    return (
        f"<li><span class='ft-severity {severity}'>{word}</span><span>{text(what)}</span>"
        f"<span class='ft-fix'>{text(fix)}</span></li>"
    )


def preview(sheet: Sheet) -> gr.Dataframe:
    """The first rows as plain text; the columns share the width by what they hold."""
    if sheet.report is None:
        return gr.Dataframe({"headers": ["row"], "data": [], "metadata": None})
    report = sheet.report
    heads = ["row", *(_plain(column) for column in report.columns)]
    rows = [
        [str(number), *(_plain(row.get(column, "")) for column in report.columns)]
        for number, row in enumerate(report.preview, start=1)
    ]
    longest = [max([len(head), *(len(row[index]) for row in rows)]) for index, head in enumerate(heads)]
    weights = [min(60, max(6, length)) for length in longest]
    widths = [f"{100 * weight / sum(weights):.1f}%" for weight in weights]
    fits = len(heads) <= _FITTING_COLUMNS
    return gr.Dataframe({"headers": heads, "data": rows, "metadata": None}, column_widths=widths if fits else None)


def _plain(cell: str) -> str:
    clean = cell.encode("utf-8", "replace").decode("utf-8")
    return clean if len(clean) <= _LONGEST_CELL else clean[: _LONGEST_CELL - 1] + "…"


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


def first_example(sheet: Sheet) -> tuple[str, str]:
    """Prompt and answer of the first usable row."""
    if sheet.report is None or not sheet.report.examples:
        return "", ""
    example = sheet.report.examples[0]
    return example.prompt, example.answer
