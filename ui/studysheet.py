"""A study in words and as a table: what it will take, how it stands, what it found."""

from collections.abc import Sequence

from core.evaluate.metrics import METRICS
from core.events import RunState
from core.study.kinds import KINDS
from core.study.outcome import Outcome
from core.study.report import Outlook, Report
from core.study.study import Study
from ui import drawings, markup, phrases, resultfiles, words
from ui.markup import text

_HEADS = ("variant", "state", "score", "95 %", "training", "memory", "learns")


def outlook(planned: Study, told: Outlook) -> str:
    """What a study will take, before it begins."""
    low_high = words.span(*told.seconds) if told.seconds else words.NOTHING
    of = "forecast from what was measured here"
    if told.unmeasured and told.seconds:
        of += f", of {told.runs - len(told.unmeasured)} of {told.runs} runs"
    tiles = markup.facts(
        [
            (str(told.runs), "runs to train", "Each is an ordinary run, which waits in the queue with all others."),
            (low_high, f"time, {of}" if told.seconds else "time" if not told.runs else "time, not known yet", ""),
            (str(len(told.reused)), "there already", "Runs of the same plan on the same rows are not trained again."),
        ]
    )
    lines = [f"Compares {', '.join(it.label for it in planned.variants if not it.left_out)}."]
    if told.unmeasured:
        labels = ", ".join(variant.label for variant in told.unmeasured)
        lines.append(f"Nothing like {labels} was measured on this machine yet: measure first, and its time shows.")
    lines += [f"Left out: {label}. {why}" for label, why in told.left_out.items()]
    below = "".join(f"<p class='ft-below'>{text(line)}</p>" for line in lines)
    return markup.block(f"{tiles}<div class='ft-study-lines'>{below}</div>")


def headline(report: Report | None, left: str = "") -> str:
    """The finding, or how far the study is and what is left of it."""
    if report is None:
        return markup.headline(
            "What would help more?",
            "A study trains several runs of one plan and says which difference is more than chance.",
        )
    name = f"{report.study.id}, {report.study.name}"
    if not report.is_over:
        wanted = sum(1 for it in report.study.variants if not it.left_out)
        title = f"{report.done} of {wanted} runs have a score"
        return markup.headline(title, f"{name}: {_at_work(report.outcomes)}{f' · {left}' if left else ''}")
    if report.finding is not None:
        return markup.headline(found(report), name, "good" if report.finding.adopt else "")
    if report.study.halted:
        return markup.headline("The study was stopped", f"{name}: what is done is kept. Go on runs the rest.")
    return markup.headline("Too few scores for a finding", f"{name}: the table says why.")


def gone(study: str, *, others: bool) -> str:
    """That an address names a study that is not there."""
    todo = "It was forgotten, or never begun here." + (" Choose another one below." if others else "")
    return markup.headline(f"There is no study {words.shortened(study, 20)}", todo)


def found(report: Report) -> str:
    """The finding as a sentence of its own; what was asked, before there is one."""
    told = report.finding.headline if report.finding else KINDS[report.study.kind].question
    return told[:1].upper() + told[1:]


def _at_work(outcomes: Sequence[Outcome]) -> str:
    working = [it for it in outcomes if it.state and not it.state.is_final and it.state is not RunState.QUEUED]
    waiting = sum(1 for it in outcomes if it.state is RunState.QUEUED)
    told = [f"{it.label} is {phrases.STATE_WORDS[it.state].lower()}" for it in working if it.state]
    if waiting:
        told.append(f"{words.counted(waiting, 'run')} waiting")
    return ", ".join(told) or "the next run begins"


def table(report: Report) -> str:
    """Every variant, what it got and what it cost; below, what to do and how far to trust it."""
    measure = METRICS.get(report.primary)
    best = report.finding.adopt if report.finding else None
    taken = next((it.label for it in report.study.variants if best is not None and it.plan == best), "")
    rows = []
    for it in report.outcomes:
        score = span = words.NOTHING
        if measure is not None and it.score is not None:
            score = measure.show(it.score, 1)
            span = f"{measure.show(it.interval[0], 1)} to {measure.show(it.interval[1], 1)}" if it.interval else span
        state = phrases.STATE_WORDS[it.state] if it.state else ("Left out" if it.problem else words.NOTHING)
        cells = (
            it.label,
            f"{state}, from before" if it.reused else state,
            score,
            span,
            words.duration(it.seconds) if it.seconds else words.NOTHING,
            words.gib(it.peak_gib) if it.peak_gib else words.NOTHING,
            f"{it.trainable:,}" if it.trainable else words.NOTHING,
        )
        rows.append((cells, "lit" if it.label == taken else ""))
    heads = (*_HEADS[:2], measure.title.lower() if measure else _HEADS[2], *_HEADS[3:])
    said = [f"{it.label}: {it.problem}" for it in report.outcomes if it.problem]
    notes: list[str] = []
    if report.finding is not None:
        said.insert(0, report.finding.advice)
        notes = list(report.finding.notes)
    below = "".join(f"<p>{text(line)}</p>" for line in said)
    below += "".join(f"<p class='ft-below'>{text(line)}</p>" for line in notes)
    links = " ".join(
        f"<a href='{text(resultfiles.link(report.study.id, f'report.{form}'))}' download>{title}</a>"
        for form, title in (("html", "Report (HTML)"), ("md", "Report (Markdown)"))
    )
    return markup.block(f"{below}{drawings.table(heads, rows)}<p class='ft-downloads'>{links}</p>")


def named(study: Study) -> str:
    """A study in the menu."""
    return words.shortened(f"{study.id} · {study.name} · {words.ago(study.created_at)}", 90)


def question(kind: str) -> str:
    """What a kind of study asks and takes, in a sentence."""
    return f"{KINDS[kind].question} Values: {KINDS[kind].values}; empty takes the usual ones."
