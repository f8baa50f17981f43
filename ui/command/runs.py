"""`evaluate`, `export`, `runs`, `resume`: what is done with runs that exist."""

import dataclasses
from argparse import Namespace
from collections.abc import Mapping
from typing import Any

from core.engine import Engine, RunSummary
from core.errors import UserError
from core.evaluate.as_json import as_json
from core.evaluate.card import forgotten_told
from core.evaluate.evaluation import Evaluation
from core.events import Exported, RunState
from core.job.exports import RUN
from core.store.store import Job
from ui import phrases, words
from ui.command import prompting, say
from ui.command.follow import Following, Progress, as_json_lines, goes_on


def see_through(engine: Engine, job: Job, *, as_json: bool) -> int:
    """Follow a training job to its end and print the scores.

    Raises:
        BrokenPipeError: Whoever read the answer went away; the run goes on.
    """
    following = Following(engine, job)
    _tell_place(engine, job, quiet=as_json)
    try:
        end = following.to_the_end(as_json_lines(job.run_id) if as_json else Progress())
    except BrokenPipeError:
        say.note(f"Nobody reads the answer any more. {goes_on(job.run_id)}")
        raise
    metrics = following.evaluated.metrics if following.evaluated else {}
    done = end.state == RunState.DONE
    if as_json:
        last: dict[str, Any] = {"run": job.run_id, "state": end.state.value, "metrics": metrics}
        say.answer(last if done else last | UserError(end.reason or _ended(end.state), end.fix).as_json())
        return int(not done)
    if following.evaluated is not None:
        _tell_scores(metrics, following.evaluated.rows, engine.evaluation(job.run_id))
    say.tell(f"Run {job.run_id}: {end.state.value}")
    if end.fix:
        say.note(end.fix)
    if end.cause == "memory":
        say.note(f"'fewtune resume {job.run_id} --smaller' goes on in less memory.")
    return int(not done)


def _tell_place(engine: Engine, job: Job, *, quiet: bool) -> None:
    """Say whether the job began, or what it waits for; a program that reads events sees by itself that it began."""
    place = engine.queue.place_of(job.run_id)
    if place is not None:
        say.note(f"Run {job.run_id} waits {place.told}. Ctrl+C takes it out of the queue.")
    elif not quiet:
        say.note(f"Run {job.run_id} began. Ctrl+C stops it.")


def resume(engine: Engine, given: Namespace) -> int:
    """Go on with a run from its newest checkpoint, or with a new one from its best weights."""
    if not (given.new or given.smaller):
        return see_through(engine, engine.resume(given.run), as_json=given.json)
    job = engine.store.latest(engine.start_again(given.run, smaller=given.smaller), "train")
    assert job is not None, "a run that was started has a job"
    return see_through(engine, job, as_json=given.json)


def evaluate(engine: Engine, given: Namespace) -> int:
    """Print the scores, making them first where there are none."""
    summary = engine.run(given.run)
    scores = None if given.again else engine.evaluation(given.run)
    if scores is None:
        job = engine.evaluate(given.run)
        _tell_place(engine, job, quiet=True)
        following = Following(engine, job)
        end = following.to_the_end(Progress())
        if end.state != RunState.DONE:
            return _failed(end.reason or _ended(end.state), end.fix, given)
        scores = engine.evaluation(given.run)
    if scores is None:
        return _failed(f"Run {summary.row.id} has no scores.", "Look into its worker.log.", given)
    if given.prompt:
        prompting.ask_rows(engine, summary.row.id)
    beside = engine.results.beside(summary.row.id)
    if given.json:
        say.answer(as_json(scores) | {"beside": [dataclasses.asdict(one) for one in beside]})
        return 0
    _tell_scores(scores.metrics, len(scores.rows), scores)
    say.tell(f"{scores.headline}.")
    for problem in scores.problems:
        say.note(problem)
    say.tell(f"{scores.wins} better, {scores.losses} worse, {scores.ties} alike")
    for one in beside:
        say.tell(one.told)
    say.tell(f"Forgetting: {forgotten_told(scores)}")
    return 0


def export(engine: Engine, given: Namespace) -> int:
    """Write the tuned model elsewhere, or the whole run."""
    if given.to == RUN:
        return _export_run(engine, given)
    job = engine.export(given.run, given.to, given.out)
    _tell_forecast(engine, given)
    _tell_place(engine, job, quiet=True)
    following = Following(engine, job)
    end = following.to_the_end(Progress())
    exported = following.exported
    if end.state != RunState.DONE or exported is None:
        return _failed(end.reason or _ended(end.state), end.fix, given)
    if given.json:
        say.answer(
            {
                "run": given.run,
                "exporter": exported.exporter,
                "folder": exported.folder,
                "size_bytes": exported.size_bytes,
                "largest_logit_difference": exported.largest_logit_difference,
                "fidelity": exported.fidelity,
                "checksums": exported.checksums,
                "seconds": exported.seconds,
            }
        )
        return 0
    say.tell(exported.folder)
    _tell_fidelity(exported)
    return 0


def _export_run(engine: Engine, given: Namespace) -> int:
    written = engine.exports.run_file(given.run, given.out, weights=not given.without_weights)
    if given.json:
        say.answer({"run": given.run, "file": str(written), "size_bytes": written.stat().st_size})
    else:
        say.tell(str(written))
    return 0


def take_in(engine: Engine, given: Namespace) -> int:
    """Take in a run that another installation wrote."""
    run_id = engine.exports.take_in(given.file)
    if given.json:
        say.answer({"run": run_id})
    else:
        say.tell(run_id)
    return 0


def _tell_forecast(engine: Engine, given: Namespace) -> None:
    forecast = engine.exports.forecast(given.run, given.to, engine.machine())
    if forecast is not None:
        memory, size = words.gib(forecast.memory_bytes / 2**30), words.size(forecast.size_bytes)
        time = f", {words.duration(forecast.seconds)}" if forecast.seconds is not None else ""
        say.note(f"Forecast: {size}, {words.size(forecast.disk_bytes)} of disk meanwhile, {memory} of memory{time}.")


def _tell_fidelity(exported: Exported) -> None:
    fidelity = exported.fidelity
    if exported.largest_logit_difference is not None:
        say.note(f"Largest difference of a logit to the tuned model: {exported.largest_logit_difference:.2g}")
    elif "tuned" in fidelity:
        before, after = fidelity["tuned"]["loss"], fidelity["exported"]["loss"]
        rows = words.counted(fidelity["rows"], "held-out row")
        say.note(f"On {rows}: loss per answer token {before:.3g} tuned, {after:.3g} exported.")
    if fidelity.get("problem"):
        say.note(fidelity["problem"])


def runs(engine: Engine, given: Namespace) -> int:
    """Print all runs, newest first, those that wait with their place in the queue."""
    engine.store.mark_lost()
    summaries = engine.runs()
    places = {waiting.job.run_id: number for number, waiting in enumerate(engine.queue.waiting(), 1)}
    if given.json:
        say.answer({"runs": [_as_json(summary) | {"place": places.get(summary.row.id)} for summary in summaries]})
    elif not summaries:
        say.tell("No runs yet. Start one with: fewtune train legal_clauses --model starter")
    else:
        heads = ("run", "state", "name", "model", "method", "score", "begun")
        say.tell(say.table([heads, *(_as_row(summary, places) for summary in summaries)]))
    return 0


def _failed(what: str, fix: str, given: Namespace) -> int:
    say.complain(UserError(what, fix), as_json=given.json)
    return 1


def _ended(state: RunState) -> str:
    return "It was stopped before it was done." if state == RunState.STOPPED else f"It ended as {state.value}."


def _tell_scores(metrics: Mapping[str, Mapping[str, Any]], rows: int, scores: Evaluation | None = None) -> None:
    heads = (f"on {words.counted(rows, 'held-out row')}", "base", "tuned", "difference (95 %)")
    lines = [
        (name, words.number(values["base"]), words.number(values["tuned"]), _difference(name, values, scores))
        for name, values in metrics.items()
    ]
    say.tell(say.table([heads, *lines], right=frozenset({1, 2})))


def _difference(name: str, values: Mapping[str, Any], scores: Evaluation | None) -> str:
    return phrases.difference(name, values, scores.measure(name) if scores else None)


def _as_json(summary: RunSummary) -> dict[str, Any]:
    row, plan = summary.row, summary.plan
    return {
        "id": row.id,
        "name": row.name,
        "state": row.state.value,
        "attempt": row.attempt,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "note": row.note,
        "data": plan.data.name,
        "model": plan.model,
        "method": plan.method,
        "metrics": summary.evaluated.metrics if summary.evaluated else {},
    }


def _as_row(summary: RunSummary, places: Mapping[str, int]) -> tuple[str, ...]:
    row, plan = summary.row, summary.plan
    state = f"{row.state.value} {places[row.id]}" if row.id in places else row.state.value
    score = words.NOTHING
    if summary.evaluated is not None and summary.evaluated.metrics:
        name, values = next(iter(summary.evaluated.metrics.items()))
        score = f"{name} {words.number(values['base'])} → {words.number(values['tuned'])}"
    name = words.shortened(row.name, 40)
    return (row.id, state, name, plan.model, plan.method, score, words.ago(row.created_at))
