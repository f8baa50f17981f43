"""The door to reports: what is known of a run, gathered and written."""

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Protocol, TypeVar

from core.dataset.choice import DataChoice
from core.dataset.files.source import Source
from core.dataset.report import Report
from core.document.formats import writer_of
from core.document.parts import Block, Code, Curves, Items, Paragraph, Section, Table
from core.errors import UserError
from core.events import MemoryMeasured, Prepared, StepTaken, Validated
from core.export.facts import LIMITS, provenance_lines, public_name
from core.job.results import Results
from core.job.run_report.scores import score_sections
from core.store.store import Record, RunRow, Store
from core.strategy.advise import Advice
from core.strategy.memory import MemoryForecast
from core.strategy.plan import Plan
from core.strategy.plan_text import command_line, plan_yaml
from core.strategy.time_forecast import TimeForecast

Found = TypeVar("Found")
_LIBRARIES = ("torch", "transformers", "peft", "trl", "bitsandbytes")


class Works(Protocol):
    """What a report needs of the engine."""

    store: Store
    results: Results

    def source(self, data_id: str) -> Source:
        """Find the data."""

    def check(self, source: Source, choice: DataChoice | None = None) -> Report:
        """Say what is wrong with them."""

    def advise(self, choice: DataChoice, model: str) -> Advice:
        """Advise a plan."""

    def forecast(self, plan: Plan) -> MemoryForecast:
        """Predict a plan's memory."""

    def time_forecast(self, plan: Plan) -> TimeForecast | None:
        """Predict a plan's time; None where nothing was measured."""


class Reports:
    """Reports of the runs of one home."""

    def __init__(self, works: Works) -> None:
        self._works = works

    def written(self, run_id: str, form: str) -> str:
        """The report of a run, in one of `FORMATS`.

        Raises:
            NotFoundError: There is no such run, or no such format.
        """
        write = writer_of(form)
        row = self._works.store.run(run_id)
        plan = Plan(**row.plan)
        records = self._works.store.overview(run_id)
        advice = _unless_gone(partial(self._works.advise, plan.data, plan.model))
        sections = [
            Section("The finding", list(self._finding(row))),
            Section("The data", list(self._data(plan, records))),
            Section("The plan, and why", list(_plan(plan, advice))),
            Section("Forecast and measurement", list(self._measured(plan, records))),
            Section("The training", list(_training(records))),
            *score_sections(self._works.results, run_id),
            Section("Limits", [Paragraph(LIMITS)]),
            Section("How to run it again", list(_again(plan, advice))),
        ]
        return write(row.name, sections)

    def _finding(self, row: RunRow) -> Iterator[Block]:
        evaluation = self._works.results.of(row.id)
        yield Paragraph(f"{evaluation.headline}." if evaluation else "This run is not scored.")
        begun = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(row.created_at))
        yield Paragraph(f"Run {row.id}, begun {begun}, {row.state.value.lower()}.")
        if row.note:
            yield Paragraph(row.note)

    def _data(self, plan: Plan, records: Sequence[Record]) -> Iterator[Block]:
        lines = provenance_lines(plan)
        prepared = _last(records, Prepared)
        if prepared is not None:
            lines.append(
                f"Rows: {prepared.train_rows:,} to train on, {prepared.validation_rows:,} to validate, "
                f"{prepared.test_rows:,} held out; {prepared.dropped_rows:,} left out because they do not fit, "
                f"{prepared.truncated_rows:,} shortened"
            )
        yield Items(lines)
        found = _unless_gone(lambda: self._works.check(self._works.source(plan.data.source), plan.data))
        if found is None:
            yield Paragraph("The data are not here any more, so nothing is said of what was found in them.")
        elif not found.findings:
            yield Paragraph("Nothing was found that speaks against the rows.")
        else:
            rows = [(one.severity, one.what, f"{len(one.rows):,}" if one.rows else "all") for one in found.findings]
            yield Table(("severity", "what was found", "rows"), rows)

    def _measured(self, plan: Plan, records: Sequence[Record]) -> Iterator[Block]:
        forecast = _unless_gone(partial(self._works.forecast, plan))
        duration = _unless_gone(partial(self._works.time_forecast, plan))
        samples = [record.event for record in records if isinstance(record.event, MemoryMeasured)]
        peak = max((one.used_gib for one in samples), default=None)
        step = _last(records, StepTaken)
        low_high = f"{duration.low_seconds:,.0f} to {duration.high_seconds:,.0f} s in all" if duration else "–"
        taken = f"{step.seconds:,.0f} s of training, {step.step:,} steps" if step else "–"
        yield Table(
            ("", "forecast, as of now", "measured in the run"),
            [
                ("peak memory", _gib(forecast.total_gib if forecast else None), _gib(peak)),
                ("time", low_high, taken),
                ("tokens trained on", "–", f"{step.tokens:,}" if step else "–"),
            ],
        )
        prepared = _last(records, Prepared)
        if prepared is not None:
            share = prepared.trainable_parameters / max(1, prepared.total_parameters)
            yield Paragraph(
                f"{prepared.device}, {prepared.precision}; {prepared.trainable_parameters:,} of "
                f"{prepared.total_parameters:,} parameters learned ({100 * share:.2g} %)."
            )


def _plan(plan: Plan, advice: Advice | None) -> Iterator[Block]:
    raw = plan.model_dump(mode="json")
    left_out = {"name", "data", "model", "options", "start_from"}
    settings = {name: raw[name] for name in raw if name not in left_out} | plan.options
    advised = advice.plan.model_dump(mode="json") | advice.plan.options if advice else {}
    because = {reason.choice: reason for reason in advice.reasons} if advice else {}
    rows = []
    for name, value in settings.items():
        shown, reason = "–" if value is None else str(value), because.get(name)
        if reason is not None and advised.get(name) == value:
            rows.append((name, shown, f"{reason.because} ({reason.source})"))
        elif advice is not None and name in advised and advised[name] != value:
            rows.append((name, shown, f"Chosen instead of the advised {advised[name]}"))
        else:
            rows.append((name, shown, ""))
    if advice is None:
        yield Paragraph("The data or the model are not here any more, so no reasons can be given.")
    else:
        yield Paragraph("The reasons are those of the advice for these data on this machine, as of now.")
    yield Table(("setting", "value", "why"), rows)


def _training(records: Sequence[Record]) -> Iterator[Block]:
    losses = {r.event.step: r.event.loss for r in records if isinstance(r.event, StepTaken)}
    checked = {r.event.step: r.event for r in records if isinstance(r.event, Validated)}
    train = [(step, loss) for step, loss in sorted(losses.items()) if loss is not None]
    validation = [(step, one.loss) for step, one in sorted(checked.items()) if one.loss is not None]
    if not train and not validation:
        yield Paragraph("Nothing was trained yet.")
        return
    yield Curves("Loss per answer token, in nats, by optimizer step.", {"training": train, "validation": validation})
    best = [one for _, one in sorted(checked.items()) if one.best and one.loss is not None]
    if best:
        yield Paragraph(f"Best validation loss {best[-1].loss:.3g} at step {best[-1].step:,}; those weights are kept.")


def _again(given: Plan, advice: Advice | None) -> Iterator[Block]:
    # Whoever gets the document need not know where the model lies on this machine.
    plan = given.model_copy(update={"model": public_name(given.model)})
    if advice is not None:
        yield Code(command_line(plan, advice.plan))
    yield Paragraph("Or keep this as plan.yaml and give it to 'fewtune train plan.yaml':")
    yield Code(plan_yaml(plan).rstrip())
    known = []
    for library in _LIBRARIES:
        with contextlib.suppress(PackageNotFoundError):
            known.append(f"{library} {version(library)}")
    yield Paragraph(f"Versions here, as this was written: {', '.join(known)}.")


def _last(records: Sequence[Record], kind: type[Found]) -> Found | None:
    return next((record.event for record in reversed(records) if isinstance(record.event, kind)), None)


def _unless_gone(ask: Callable[[], Found | None]) -> Found | None:
    """What is asked of data or a model that may have gone since; None where it is."""
    try:
        return ask()
    except UserError:
        return None


def _gib(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f} GiB"
