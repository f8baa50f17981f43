"""What the pages say of a prompt with worked examples: markup from plain values."""

from typing import Any

from core.errors import UserError
from core.evaluate.metrics import METRICS
from core.evaluate.metrics.metric import Metric
from core.evaluate.prompting import Prompting, PromptScore, Rival
from core.job.inquiry import Inquiry
from ui import drawings, markup, notices, words
from ui.markup import text
from ui.prompts import Found

TITLE = "Would a prompt do?"


def title(found: Found) -> str:
    """The card's title, with the answer where there is one."""
    if found.prompting is None:
        return TITLE
    return f"{TITLE} {'It may be enough' if found.caution else 'Not so far'}"


def card(found: Found) -> str:
    """What is known, or what one would know."""
    known = found.prompting
    if known is None:
        return markup.block(
            "<p class='ft-below'>A few of your rows, shown to the model as worked examples, sometimes do as well as "
            "tuning. This asks the untuned model up to 100 validation rows, without examples and with up to eight of "
            "the training rows in front. The test rows stay unseen.</p>"
        )
    caution = f"<p class='ft-note' role='alert'>{text(found.caution)}</p>" if found.caution else ""
    lines = "".join(f"<li>{text(line)}</li>" for line in [*known.notes, *known.beside(found.rivals)])
    spent = f"{words.duration(known.seconds)} on this computer, {words.ago(known.at)}."
    return markup.block(
        f"<p>{text(known.told)}</p>{caution}{_bars(known, found.rivals)}"
        f"<ul class='ft-causes'>{lines}</ul><p class='ft-below'>{text(f'It took {spent}')}</p>"
    )


def progress(asking: Inquiry[Any]) -> str:
    """How far it is."""
    left = asking.seconds_left
    told = asking.about if left is None else f"{asking.about}, {words.time_left(left, left)}"
    return markup.block(
        f"<div role='status'>{drawings.progress(asking.share, label='Tried')}"
        f"<div class='ft-status-row'><span>{text(told)}</span></div></div>"
    )


def ending(said: str, error: UserError | None) -> str:
    """How the last one ended, where it did not end with an answer."""
    if error is not None:
        return markup.block(f"<p class='ft-note bad' role='alert'>{notices.markup(error)}</p>")
    return markup.block(f"<p class='ft-below' role='status'>{text(said)}</p>") if said else ""


def _bars(known: Prompting, rivals: list[Rival]) -> str:
    metric = METRICS[known.metric]
    rows = [_row(metric, _examples(score), score, score == known.best) for score in known.scores]
    rows += [_row(metric, rival.name, rival, best=False) for rival in rivals]
    return f"<p class='ft-caption'>{text(metric.title)}</p><div class='ft-bars ft-alternatives'>{''.join(rows)}</div>"


def _row(metric: Metric, name: str, score: PromptScore | Rival, best: bool) -> str:  # noqa: FBT001 - one row
    low, high = (metric.show(end).removesuffix(" %") for end in (score.low, score.high))
    width, told = f"{100 * score.value:.1f}%", f"{metric.show(score.value)} ({low} to {high})"
    return (
        f"<div class='ft-row {'lit' if best else ''}'>"
        f"<span class='ft-row-name' title='{text(name)}'>{text(name)}</span>"
        f"<span class='ft-bar thin'><span class='ft-part a' style='width:{width}'></span></span>"
        f"<span class='ft-row-value'>{text(told)}</span></div>"
    )


def _examples(score: PromptScore) -> str:
    return f"{words.counted(score.examples, 'example')} in the prompt" if score.examples else "No example"
