"""What the page of results says of an evaluation: markup from plain values."""

from core.evaluate.evaluation import Evaluation, RowResult
from core.evaluate.headline import tells_apart
from ui import drawings, markup, phrases, words
from ui.markup import text
from ui.present import RunView

_OUTCOMES = {"win": "better", "loss": "worse", "tie": "same"}


def nothing() -> str:
    """What the page says before there is a run."""
    return markup.headline(
        "No scores yet", "Both models are scored on rows that nobody trained on, as soon as a run is trained."
    )


def invitation() -> str:
    """What stands where the scores will be."""
    return markup.empty("Base and tuned model stand here side by side once they have been scored.")


def key(run_id: str, view: RunView | None, evaluation: Evaluation | None) -> str:
    """Names what is drawn, so that nothing is drawn twice."""
    if view is None:
        return "-"
    work = f"{view.work.what} {view.work.done}" if view.work and evaluation is None else ""
    scores = f"{evaluation.headline} {len(evaluation.rows)}" if evaluation else ""
    return f"{run_id} {view.is_live} {view.state} {scores} {work}"


def headline(view: RunView | None, evaluation: Evaluation | None) -> str:
    """The difference and its interval, or what is awaited."""
    if view is None:
        return nothing()
    if evaluation is None:
        if view.is_live:
            return markup.headline("Not scored yet", "The scores appear here by themselves.")
        job = view.jobs.get("evaluate") or view.training
        told = f"{job.reason} {job.fix}".strip() or "Nothing of this run was scored."
        return markup.headline("No scores yet", told, "amber")
    if not evaluation.primary:
        return markup.headline(evaluation.headline)
    result, measure = evaluation.metrics[evaluation.primary], evaluation.measure(evaluation.primary)
    tone = ""
    if measure is not None and tells_apart(result):
        better = (result["tuned"] > result["base"]) == measure.higher_is_better
        tone = "good" if better else "bad"
    title, _, below = evaluation.headline.partition(": ")
    told = below[:1].upper() + below[1:] if below else ""
    return markup.headline(title, f"{told}. The brackets hold the 95 % interval of the difference.", tone)


def progress(view: RunView) -> str:
    """How far the scoring is."""
    bar = drawings.progress(phrases.fraction(view))
    line = f"<div class='ft-status-row'><span><b>{text(phrases.progress(view))}</b></span></div>"
    return markup.block(f"<div class='ft-card' role='status'>{bar}{line}</div>")


def strips(evaluation: Evaluation) -> str:
    """One strip per metric: those that decide first, all others folded behind them."""
    first = "".join(_strip(evaluation, name) for name in evaluation.first)
    problems = "".join(f"<p class='ft-note' role='alert'>{text(told)}</p>" for told in evaluation.problems)
    more = ""
    if evaluation.more:
        folded = "".join(_strip(evaluation, name) for name in evaluation.more)
        more = (
            f"<details id='ft-more-measures'><summary>More measures ({len(evaluation.more)})</summary>"
            f"<div class='ft-strips'>{folded}</div></details>"
        )
    return markup.block(f"<div class='ft-strips'>{first}</div>{problems}{more}")


def _strip(evaluation: Evaluation, name: str) -> str:
    measure, values = evaluation.measure(name), evaluation.metrics[name]
    if measure is None:
        return ""
    lower = " (lower is better)" if measure.higher_is_better is False else ""
    title = f"{measure.title}{lower}: {phrases.difference(name, values, measure)}"
    spans = evaluation.intervals.get(name, {})
    hint = f"{measure.about} {evaluation.told(name)}. Source: {measure.source}"
    return drawings.strip(title, hint, values, spans, measure.unit == "%")


def outcomes(evaluation: Evaluation) -> list[tuple[str, str]]:
    """The counts that filter the table."""
    return [
        (f"All {len(evaluation.rows):,}", "all"),
        (f"{evaluation.wins:,} better", "win"),
        (f"{evaluation.losses:,} worse", "loss"),
        (f"{evaluation.ties:,} the same", "tie"),
    ]


def line(row: RowResult) -> list[str]:
    """A row of the table."""
    texts = (words.shortened(part, 220) for part in (row.prompt, row.reference, row.base, row.tuned))
    return [str(row.row), _OUTCOMES.get(row.outcome, row.outcome), *texts]
