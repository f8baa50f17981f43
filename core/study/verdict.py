"""The recommendation among variants of which one is to be taken."""

from collections.abc import Callable

from core.evaluate.metrics.metric import Measure
from core.study.contest import Behind, Contest, hold
from core.study.kind import Finding, Results
from core.study.outcome import UNTUNED, Outcome


def choose(results: Results, cost: Callable[[Outcome], float], why: str) -> Finding | None:
    """Take the best variant; where the rows cannot tell several apart, the one that costs least.

    `why` says what is least of it: "the quickest to train". None where nothing can be compared.
    """
    contest = hold(results.scored, results.measure.name)
    if contest is None or not results.tuned:
        return None
    ties = contest.ties
    if any(it.label == UNTUNED for it in ties):
        return _not_worth_it(results, contest)
    taken = min(ties, key=cost)
    plan = results.plan_of(taken)
    shown = _shown(results.measure, taken)
    if len(ties) == 1:
        second = contest.others[0]
        headline = f"{taken.label} is best: {shown}, {_ahead(results.measure, second)}"
        return Finding(headline=headline, advice=f"Take {taken.label}.", adopt=plan, notes=_notes(results, contest))
    names = _listed([it.label for it in ties])
    headline = f"{contest.rows} rows cannot tell {names} apart"
    advice = f"Take {taken.label} ({shown}), {why} of them. More held-out rows would tell more."
    return Finding(headline=headline, advice=advice, adopt=plan, notes=_notes(results, contest))


def _not_worth_it(results: Results, contest: Contest) -> Finding:
    tuned = [it for it in contest.ties if it.run]
    if contest.best.run:
        names = _listed([it.label for it in tuned])
        headline = f"{contest.rows} rows cannot tell {names} from the untuned model"
    else:
        headline = f"Nothing here beats the untuned model: {_shown(results.measure, contest.best)}"
    advice = "No plan is recommended: try more examples, another base model or more epochs first."
    return Finding(headline=headline, advice=advice, notes=_notes(results, contest))


def _ahead(measure: Measure, second: Behind) -> str:
    low, high = sorted(abs(value) for value in second.interval)
    scale, digits = (100.0, ".0f") if measure.unit == "%" else (1.0, ".3g")
    return (
        f"{measure.show_difference(second.difference)} ({low * scale:{digits}} to {high * scale:{digits}})"
        f" ahead of {_inside(second.outcome.label)}"
    )


def _inside(label: str) -> str:
    return "the untuned model" if label == UNTUNED else label


def _shown(measure: Measure, outcome: Outcome) -> str:
    assert outcome.score is not None, "only variants with scores are recommended"
    told = measure.show(outcome.score)
    if outcome.interval is None:
        return told
    low, high = (measure.show(end).removesuffix(" %") for end in outcome.interval)
    return f"{told} ({low} to {high})"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _notes(results: Results, contest: Contest) -> tuple[str, ...]:
    notes = [
        f"{results.measure.title} on {contest.rows} held-out rows; p-values are corrected for "
        f"{len(contest.others)} comparison{'s' if len(contest.others) != 1 else ''} (Holm).",
        "Each variant was trained once: what another seed would do is not in the intervals.",
    ]
    compared = 1 + len(contest.others)
    if compared < len(results.scored):
        notes.append(f"Only {compared} of {len(results.scored)} were scored on the same rows and are compared.")
    return tuple(notes)
