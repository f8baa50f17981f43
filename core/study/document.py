"""A study as a document to give away."""

import shlex
import time
from collections.abc import Iterator

from core.document.formats import writer_of
from core.document.parts import Block, Code, Items, Mark, Marks, Paragraph, Section, Table
from core.evaluate.metrics import METRICS
from core.export.facts import LIMITS, provenance_lines, public_name
from core.strategy.plan import Plan
from core.strategy.plan_text import plan_yaml
from core.study.kinds import KINDS
from core.study.outcome import Outcome
from core.study.report import Report

_LINE_POINTS = 60
_LEFT_OUT = {"name", "data", "model", "options", "start_from"}


def written(report: Report, form: str) -> str:
    """What a study found, how, and how to do it again, as HTML or Markdown.

    Raises:
        NotFoundError: There is no such format.
    """
    write = writer_of(form)
    sections = [
        Section("The finding", list(_finding(report))),
        Section("The variants", list(_variants(report))),
        Section("The model and the data", [Items(_made_of(report.study.plan))]),
        Section("What the variants have in common", list(_common(report))),
        Section("Limits", [Paragraph(LIMITS)]),
        Section("How to do it again", list(_again(report))),
    ]
    return write(report.study.name, sections)


def _made_of(plan: Plan) -> list[str]:
    """What all variants have in common of what they are made of."""
    return [line for line in provenance_lines(plan) if line.startswith(("Base model:", "Data:"))]


def _finding(report: Report) -> Iterator[Block]:
    study, finding = report.study, report.finding
    yield Paragraph(KINDS[study.kind].question)
    if finding is None:
        yield Paragraph(f"No finding yet: {report.done} of {len(study.variants)} variants have a score.")
    else:
        yield Paragraph(f"{finding.headline[:1].upper()}{finding.headline[1:]}.")
        yield Paragraph(finding.advice)
        yield from (Paragraph(note) for note in finding.notes)
    begun = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(study.created_at))
    yield Paragraph(f"Study {study.id}, begun {begun}.")


def _variants(report: Report) -> Iterator[Block]:
    measure, kind = METRICS.get(report.primary), KINDS[report.study.kind]
    scored = [it for it in report.outcomes if it.score is not None]
    if measure is not None and scored:
        scale = 100.0 if measure.unit == "%" else 1.0
        shown = [it for it in scored if it.at is not None] if kind.axis else scored
        marks = [_mark(it, scale) for it in shown]
        curve = report.finding.curve if report.finding else None
        line: list[tuple[float, float]] = []
        if curve is not None and marks:
            first, last = min(mark.at for mark in marks), max(mark.at for mark in marks)
            places = [first + (last - first) * step / (_LINE_POINTS - 1) for step in range(_LINE_POINTS)]
            line = [(at, scale * curve.at(at)) for at in places]
        unit = f"{measure.title}{', %' if scale > 1 else ''}"
        told = "Bars are 95 % intervals of the held-out rows" + ("; dashed is the fitted curve." if line else ".")
        yield Marks(f"{unit}, by {kind.axis or 'variant'}. {told}", kind.axis, unit, marks, line)
    heads = ("variant", "run", "state", measure.title.lower() if measure else "score", "95 %", "training", "memory")
    yield Table(heads, [_row(it, report) for it in report.outcomes])
    problems = [f"{it.label}: {it.problem}" for it in report.outcomes if it.problem]
    if problems:
        yield Items(problems)


def _mark(it: Outcome, scale: float) -> Mark:
    score = it.score or 0.0
    low, high = it.interval or (score, score)
    return Mark(it.label, it.at or 0.0, scale * score, scale * low, scale * high, bool(it.aside))


def _row(it: Outcome, report: Report) -> tuple[str, ...]:
    measure = METRICS.get(report.primary)
    score = span = "–"
    if measure is not None and it.score is not None:
        score = measure.show(it.score, 1)
        span = f"{measure.show(it.interval[0], 1)} to {measure.show(it.interval[1], 1)}" if it.interval else span
    state = it.state.value.lower() if it.state else ("left out" if it.problem else "–")
    seconds = f"{it.seconds:,.0f} s" if it.seconds else "–"
    memory = f"{it.peak_gib:.2f} GiB" if it.peak_gib else "–"
    return it.label, it.run or "–", f"{state}, from before" if it.reused else state, score, span, seconds, memory


def _common(report: Report) -> Iterator[Block]:
    raw = report.study.plan.model_dump(mode="json")
    shared = {name: value for name, value in raw.items() if name not in _LEFT_OUT} | report.study.plan.options
    plans = [variant.plan for variant in report.study.variants]
    same = {name: value for name, value in shared.items() if len({str(_setting(plan, name)) for plan in plans}) == 1}
    yield Table(("setting", "value"), [(name, "–" if value is None else str(value)) for name, value in same.items()])


def _setting(plan: Plan, name: str) -> object:
    return getattr(plan, name) if name in Plan.model_fields else plan.options.get(name)


def _again(report: Report) -> Iterator[Block]:
    study = report.study
    values = ",".join(it.value for it in study.variants if it.value)
    yield Paragraph("Keep this as plan.yaml:")
    # Whoever gets the document need not know where the model lies on this machine.
    yield Code(plan_yaml(study.plan.model_copy(update={"model": public_name(study.plan.model)})).rstrip())
    words = ["fewtune", "study", "plan.yaml", "--kind", study.kind, *(["--values", values] if values else [])]
    yield Code(shlex.join(words))
    adopted = report.finding.adopt if report.finding else None
    if adopted is not None:
        taken = next((it for it in study.variants if it.plan == adopted), None)
        if taken is not None:
            yield Paragraph(f"The recommended plan is that of {taken.label}, run {taken.run}.")
