"""`study`: several runs that answer one question, begun, watched, stopped and gone on with."""

import time
from argparse import Namespace
from collections.abc import Mapping

from core.engine import Engine
from core.errors import UserError
from core.evaluate.metrics import METRICS
from core.events import StateChanged
from core.study.kinds import KINDS
from core.study.outcome import Outcome
from core.study.report import Outlook, Report
from core.study.study import Study, read_id
from ui import studytime, words
from ui.command import say
from ui.command.follow import POLL, Left, as_json_lines
from ui.command.timing import measure
from ui.command.train import make_plan
from ui.present import RunView, follow


def study(engine: Engine, given: Namespace) -> int:
    """Begin a study, or do something with one that there is; without either, list them.

    Raises:
        UserError: What is to be varied was not said.
    """
    if given.source is None:
        return _with_known(engine, given)
    if given.kind is None:
        raise UserError("What is to be varied was not said.", f"Add --kind with one of: {', '.join(KINDS)}.")
    values = [value.strip() for value in given.values.split(",") if value.strip()]
    planned = engine.studies.plan(given.kind, make_plan(engine, given), values, prune=given.prune)
    outlook = engine.studies.outlook(planned)
    if given.measure:
        for variant in outlook.unmeasured:
            measure(engine, variant.plan)
        outlook = engine.studies.outlook(planned)
    if given.forecast:
        if given.json:
            say.answer({"study": None, "kind": given.kind, "forecast": outlook.as_json()})
        else:
            say.tell(told(outlook))
        return 0
    say.note(told(outlook))
    begun = engine.studies.begin(planned)
    if given.json:
        say.answer({"study": begun.id, "kind": begun.kind, "forecast": outlook.as_json()})
    return _see_through(engine, begun, as_json=given.json)


def _with_known(engine: Engine, given: Namespace) -> int:
    if given.go_on:
        number = read_id(given.go_on)
        engine.runner  # noqa: B018 - what waits is taken by this program
        return _see_through(engine, engine.studies.go_on(number), as_json=given.json)
    if given.stop:
        number = read_id(given.stop)
        engine.studies.stop(number)
        return _tell(engine.studies.report(number), as_json=given.json)
    if given.show:
        return _tell(engine.studies.report(read_id(given.show)), as_json=given.json)
    if given.forget:
        engine.studies.delete(read_id(given.forget))
        return 0
    return _list(engine, as_json=given.json)


def told(outlook: Outlook) -> str:
    """What a study will take, before it begins."""
    lines = [f"{words.counted(outlook.runs, 'run')} to train."]
    if outlook.reused:
        lines.append(f"There already, and not trained again: {', '.join(outlook.reused)}.")
    lines += [f"Left out: {label}. {why}" for label, why in outlook.left_out.items()]
    if outlook.seconds is not None:
        low, high = outlook.seconds
        known = outlook.runs - len(outlook.unmeasured)
        of = "" if not outlook.unmeasured else f" for {words.counted(known, 'run')} of them"
        lines.append(f"Time (forecast from what was measured here){of}: {words.span(low, high)}.")
    if outlook.unmeasured:
        labels = ", ".join(variant.label for variant in outlook.unmeasured)
        lines.append(f"Time not known, because nothing like it was measured here: {labels}. --measure does that.")
    return "\n".join(lines)


def _see_through(engine: Engine, begun: Study, *, as_json: bool) -> int:
    """Follow all its runs to their ends; Ctrl+C stops the study, and a second one leaves it.

    Raises:
        Left: Ctrl+C was pressed twice.
    """
    following = _Following(engine, begun, as_json=as_json)
    try:
        following.to_the_end()
    except KeyboardInterrupt:
        say.note(f"\nStopping study {begun.id}; what is done is kept. Ctrl+C again leaves it alone.")
        engine.studies.stop(begun.number)
        try:
            following.to_the_end()
        except KeyboardInterrupt:
            raise Left(f"Study {begun.id} ends by itself: 'fewtune study --show {begun.id}' shows it.") from None
        say.note(f"'fewtune study --go-on {begun.id}' goes on with it.")
    return _tell(engine.studies.report(begun.number), as_json=as_json)


class _Following:
    """A study's own runs, until all are over: what each says, and after each end what is left."""

    def __init__(self, engine: Engine, begun: Study, *, as_json: bool) -> None:
        self._engine, self._study, self._as_json = engine, begun, as_json
        there = {it.run for it in begun.variants if it.reused and engine.store.run(it.run).state.is_final}
        self._runs = {it.run: it.label for it in begun.variants if it.run and it.run not in there}
        self._views = {run: RunView() for run in self._runs}
        self._over = 0

    def to_the_end(self) -> None:
        """Pass on all that its runs say."""
        while True:
            over = sum(self._engine.store.run(run).state.is_final for run in self._runs)
            for run in self._runs:
                self._show(run)
            if over == len(self._runs):
                return
            if over != self._over:
                self._over = over
                self._say_left()
            time.sleep(POLL)

    def _show(self, run: str) -> None:
        news = self._engine.since(run, self._views[run].seq)
        self._views[run] = follow(self._views[run], news)
        if self._as_json:
            as_json_lines(run)(news)
            return
        for record in news:
            if isinstance(record.event, StateChanged):
                reason = f" {record.event.reason}" if record.event.reason else ""
                say.note(f"{self._runs[run]}: {record.event.state.value.lower()}.{reason}")

    def _say_left(self) -> None:
        left = studytime.left(self._engine, self._engine.studies.report(self._study.number), self._views.__getitem__)
        if self._as_json:
            say.answer({"study": self._study.id, "left": left.as_json()})
        elif left.told:
            say.note(f"{self._over} of {words.counted(len(self._runs), 'run')} over, {left.told}.")


def _tell(report: Report, *, as_json: bool) -> int:
    """Print what a study found; 1 if a variant that should have run has no score."""
    if as_json:
        say.answer(answer_of(report))
        return int(report.can_go_on)
    measure = METRICS.get(report.primary)
    heads = ("variant", "state", measure.title.lower() if measure else "score", "95 %", "training", "memory", "learns")
    say.tell(say.table([heads, *(_row(it, report) for it in report.outcomes)], right=frozenset({2})))
    for it in report.outcomes:
        if it.problem:
            say.note(f"{it.label}: {it.problem}")
    if report.finding is not None:
        say.tell(f"{report.finding.headline}.")
        say.tell(report.finding.advice)
        for note in report.finding.notes:
            say.note(note)
    if report.can_go_on and report.is_over:
        say.note(f"'fewtune study --go-on {report.study.id}' runs what has no score yet.")
    return int(report.can_go_on)


def _row(it: Outcome, report: Report) -> tuple[str, ...]:
    measure = METRICS.get(report.primary)
    score = span = words.NOTHING
    if measure is not None and it.score is not None:
        score = measure.show(it.score, 1)
        span = f"{measure.show(it.interval[0], 1)} to {measure.show(it.interval[1], 1)}" if it.interval else span
    state = it.state.value if it.state else ("left out" if it.problem else words.NOTHING)
    learns = f"{it.trainable:,}" if it.trainable else words.NOTHING
    return (
        it.label,
        f"{state}, from before" if it.reused else state,
        score,
        span,
        words.duration(it.seconds) if it.seconds else words.NOTHING,
        words.gib(it.peak_gib) if it.peak_gib else words.NOTHING,
        learns,
    )


def answer_of(report: Report) -> Mapping[str, object]:
    """The shape that `fewtune study --json` answers last."""
    finding = report.finding
    curve = finding.curve if finding else None
    return {
        "study": report.study.id,
        "kind": report.study.kind,
        "metric": report.primary,
        "variants": [
            {
                "label": it.label,
                "at": it.at,
                "run": it.run,
                "state": it.state.value if it.state else None,
                "reused": it.reused,
                "problem": it.problem,
                "score": it.score,
                "interval": list(it.interval) if it.interval else None,
                "seconds": it.seconds,
                "peak_gib": it.peak_gib,
                "trainable_parameters": it.trainable,
            }
            for it in report.outcomes
        ],
        "finding": finding.headline if finding else None,
        "advice": finding.advice if finding else None,
        "notes": list(finding.notes) if finding else [],
        "plan": finding.adopt.model_dump(mode="json") if finding and finding.adopt else None,
        "curve": {"limit": curve.limit, "drop": curve.drop, "exponent": curve.exponent} if curve else None,
        "multiplier": {"times": finding.multiplier.times, "interval": list(finding.multiplier.interval)}
        if finding and finding.multiplier
        else None,
        "can_go_on": report.can_go_on,
    }


def _list(engine: Engine, *, as_json: bool) -> int:
    reports = [engine.studies.report(it.number) for it in engine.studies.all()]
    if as_json:
        say.answer({"studies": [dict(answer_of(report)) for report in reports]})
    elif not reports:
        say.tell("No studies yet. Start one with: fewtune study legal_clauses --kind rank --model starter")
    else:
        rows = [(it.study.id, it.study.name, _state(it), it.finding.headline if it.finding else "") for it in reports]
        say.tell(say.table([("study", "name", "state", "finding"), *rows]))
    return 0


def _state(report: Report) -> str:
    done = f"{report.done} of {len(report.study.variants)} done"
    return done if report.is_over else f"{done}, goes on"
