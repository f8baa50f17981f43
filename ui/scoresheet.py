"""What the page of results says of an evaluation: markup from plain values."""

from collections.abc import Sequence

from core.evaluate.beside import Standing
from core.evaluate.card import forgotten_told
from core.evaluate.evaluation import Evaluation
from core.evaluate.headline import tells_apart
from core.evaluate.metrics.metric import Family
from ui import drawings, markup, phrases
from ui.markup import text
from ui.present import RunView

_TRY_A_PROMPT = "'Ask the untuned model with examples' below finds out, on the same rows."
_SCORE_AGAIN = "Score again to see it."
_FORGOTTEN = {
    "kept": ("kept", "win"),
    "improved": ("better", "win"),
    "a little": ("a little", "warning"),
    "forgotten": ("forgot", "loss"),
}
_GENERAL = (
    "Bits that general texts take when the model foretells them, per byte: everyday prose, talks, reports "
    "and customers' questions that come with Fewtune. More bits: it reads them worse than the untuned model."
)


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


def strips(evaluation: Evaluation, beside: Sequence[Standing] = ()) -> str:
    """One strip per metric, with what stands `beside`: those that decide first, all others folded behind them."""
    first = "".join(_strip(evaluation, name, beside) for name in evaluation.first)
    said = [one.told for one in beside]
    if evaluation.family != Family.PLAIN and not (evaluation.stand_in or any(one.name == "prompt" for one in beside)):
        said.append(f"What the untuned model gets with examples in its prompt was not measured: {_TRY_A_PROMPT}")
    told = "".join(f"<li>{text(line)}</li>" for line in said)
    compared = f"<ul class='ft-causes ft-beside'>{told}</ul>" if told else ""
    problems = "".join(f"<p class='ft-note' role='alert'>{text(told)}</p>" for told in evaluation.problems)
    more = ""
    if evaluation.more:
        folded = "".join(_strip(evaluation, name) for name in evaluation.more)
        more = (
            f"<details id='ft-more-measures'><summary>More measures ({len(evaluation.more)})</summary>"
            f"<div class='ft-strips'>{folded}</div></details>"
        )
    stands = f"<p class='ft-note' id='ft-stand-in'>{text(evaluation.stand_in)}</p>" if evaluation.stand_in else ""
    below = f"{compared}{problems}{more}{_forgetting(evaluation)}"
    return markup.block(f"{stands}<div class='ft-strips'>{first}</div>{below}")


def _forgetting(evaluation: Evaluation) -> str:
    """What tuning made the model forget, in a line with its verdict, and what helps."""
    found = evaluation.forgetting
    if found is None and evaluation.stand_in:
        return "<p class='ft-forgetting ft-below'>Forgetting: not measured, because a head reads no general texts.</p>"
    if found is None:
        told = forgotten_told(evaluation) if evaluation.stand_in else f"not measured. {_SCORE_AGAIN}"
        return f"<p class='ft-forgetting ft-below'>{text(f'Forgetting: {told}')}</p>"
    badge, tone = _FORGOTTEN[found.verdict]
    remedy = f"<span class='ft-fix'>{text(found.remedy)}</span>" if found.remedy else ""
    role = " role='alert'" if found.remedy else ""
    return (
        f"<p class='ft-forgetting' title='{text(_GENERAL)}'{role}><b>Forgetting</b> "
        f"<span class='ft-severity {tone}'>{badge}</span> {text(found.told)} {remedy}</p>"
    )


def _strip(evaluation: Evaluation, name: str, beside: Sequence[Standing] = ()) -> str:
    measure, values = evaluation.measure(name), evaluation.metrics[name]
    if measure is None:
        return ""
    lower = " (lower is better)" if measure.higher_is_better is False else ""
    title = f"{measure.title}{lower}: {phrases.difference(name, values, measure)}"
    spans = evaluation.intervals.get(name, {})
    hint = f"{measure.about} {evaluation.told(name)}. Source: {measure.source}"
    others = [(one.short, one.values[name]) for one in beside if name in one.values]
    return drawings.strip(title, hint, values, spans, others, shares=measure.unit == "%")
