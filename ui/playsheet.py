"""What the playground says: both answers, the likelihood of labels, and the prompt as the model sees it."""

from collections.abc import Sequence

from core.dataset.rendered import RenderedPrompt
from core.evaluate.differences import differing
from core.job.playground.choices import BASE, Weights
from core.job.playground.ground import HeldOut
from core.job.playground.question import Standing
from ui import markup, rowsheet, words
from ui.markup import text
from ui.playwords import measured

_NAMES = {"base": "Base model", "tuned": "Tuned model"}
_MOST_LABELS = 12
_HEAD_ALONE = (
    "A layer on top chooses among the labels and nothing is written. Untuned it only guesses, so there is no base."
)


def nothing() -> str:
    """The headline before there is a run."""
    return markup.headline(
        "Nothing to try yet",
        "Train a model first: choose data, take the recommended plan, and start. Then ask it here.",
    )


def gone() -> str:
    """The headline where the address names a run that is not there."""
    return markup.headline("There is no such run", "It may have been deleted. Choose another one below.", "amber")


def headline(name: str, weights: Sequence[Weights], standing: Standing | None) -> str:
    """What the last question found, or what can be asked."""
    if standing is None:
        if not [one for one in weights if one.name != BASE]:
            told = "Its weights can be tried from its first validation on; until then the base model alone."
            return markup.headline(f"{words.shortened(name, 60)} has kept no weights yet", told)
        told = "Base and tuned model answer the same prompt, side by side. Type one, or take a held-out row."
        return markup.headline(f"Try {words.shortened(name, 60)}", told)
    told = _told(standing)
    if not standing.is_over:
        return markup.headline(f"{standing.about or 'Answering'} ...", standing.caution or told)
    if standing.error is not None:
        return markup.headline("That did not work", told, "bad")
    if standing.was_stopped:
        return markup.headline("Stopped", told)
    return markup.headline(_finding(standing), told)


def _told(standing: Standing) -> str:
    parts = [f"Tuned weights of step {standing.step:,}" if standing.step else "", standing.device]
    return ", on ".join(part for part in parts if part) or "The first question takes longer: the models are loaded."


def _finding(standing: Standing) -> str:
    wanted = standing.asked.reference
    said = {side: _answer(standing, side) for side in standing.who}
    if wanted is None:
        same = len(said) == 2 and len(set(said.values())) == 1
        return "Both models say the same" if same else "Both models answered" if len(said) == 2 else "It answered"
    right = {
        side: " ".join(answer.split()).casefold() == " ".join(wanted.split()).casefold()
        for side, answer in said.items()
    }
    if len(right) == 1:
        [(side, hit)] = right.items()
        return f"The {side} answer is {'just ' if hit else 'not '}the wanted one"
    if right["tuned"] == right["base"]:
        return "Both give the wanted answer" if right["tuned"] else "Neither gives just the wanted answer"
    return (
        "Only the tuned model gives the wanted answer"
        if right["tuned"]
        else "Only the base model gives the wanted answer"
    )


def _answer(standing: Standing, side: str) -> str:
    if side in standing.sides:
        return standing.sides[side].text
    shares = standing.shares.get(side, ())
    return standing.labels[max(range(len(shares)), key=shares.__getitem__)] if shares else ""


def answers(standing: Standing | None, held: HeldOut | None) -> str:
    """Both answers, with the wanted one of the row `held` that stands in the field; their room is there at once."""
    wanted = held.reference if held is not None else None
    asked_it = standing is not None and held is not None and standing.asked.text == held.text
    columns = [] if wanted is None else [_wanted(wanted, standing if asked_it else None)]
    if standing is None or (held is not None and not asked_it):
        sides = [_column(_NAMES[side], "<i>not asked yet</i>", "&nbsp;", side) for side in ("base", "tuned")]
        return markup.block(_grid([*columns, *sides]))
    if not standing.sides and standing.shares and standing.is_over:
        columns, sides = columns if asked_it else [], []
    else:
        sides = [_said(standing, side, wanted if asked_it else None) for side in standing.who]
    about = f"<p class='ft-below ft-play-about'>To: {text(words.shortened(standing.question.text, 140))}</p>"
    note = "" if standing.error is None else f"<p class='ft-note bad' role='alert'>{text(str(standing.error))}</p>"
    shares = _shares(standing, wanted if asked_it else None)
    head = f"<p class='ft-below'>{_HEAD_ALONE}</p>" if standing.who == ("tuned",) else ""
    grid = _grid([*columns, *sides]) if columns or sides else ""
    return markup.block(f"{about}{note}{grid}{head}{shares}")


def _wanted(wanted: str, standing: Standing | None) -> str:
    tuned = _answer(standing, "tuned") if standing is not None and standing.is_over else ""
    return _column("Wanted", _marked(wanted, tuned) if tuned else text(wanted), "of this held-out row", "wanted")


def _said(standing: Standing, side: str, wanted: str | None) -> str:
    said = standing.sides.get(side)
    if said is None:
        waits = (
            "<i>nothing</i>" if standing.is_over else "<i>waits for its turn</i>" if standing.prompt else "<i>...</i>"
        )
        return _column(_NAMES[side], waits, "&nbsp;", side)
    whole = said.text
    inside = _marked(whole, wanted) if wanted is not None and standing.is_over else text(whole)
    return _column(_NAMES[side], inside, text(measured(said)), f"{side} {'over' if said.how else 'writing'}")


def _marked(one: str, other: str) -> str:
    """With the words marked that the other lacks; where it lacks all, marks would tell nothing."""
    return rowsheet.marked(one, other) if any(not differs for _, differs in differing(one, other)) else text(one)


def _column(name: str, inside: str, below: str, kind: str) -> str:
    return (
        f"<div class='ft-side {kind}'><div class='ft-caption'>{name}</div>"
        f"<div class='ft-text'><div>{inside or '<i>nothing</i>'}</div></div><p class='ft-play-facts'>{below}</p></div>"
    )


def _grid(columns: Sequence[str]) -> str:
    return f"<div class='ft-sides ft-play-sides n{len(columns)}'>{''.join(columns)}</div>"


def _shares(standing: Standing, wanted: str | None) -> str:
    """The likelihood of each label, the likeliest of the tuned model first."""
    if not standing.shares:
        return ""
    sides = [side for side in ("base", "tuned") if side in standing.shares]
    first = standing.shares[sides[-1]]
    order = sorted(range(len(standing.labels)), key=lambda place: -first[place])
    kept = order[:_MOST_LABELS]
    kept += [place for place in order[_MOST_LABELS:] if standing.labels[place] == wanted]
    rows = "".join(_share(standing, place, sides, wanted) for place in kept)
    left = len(order) - len(kept)
    more = f"<p class='ft-below'>{text(f'{left:,} labels more are less likely.')}</p>" if left else ""
    names = " → ".join(_NAMES[side].lower() for side in sides)
    about = f"Likelihood of each label among all, as the scores count it ({names})"
    return f"<div class='ft-shares'><p class='ft-caption'>{text(about)}</p>{rows}{more}</div>"


def _share(standing: Standing, place: int, sides: Sequence[str], wanted: str | None) -> str:
    label = standing.labels[place]
    values = [standing.shares[side][place] for side in sides]
    bars = "".join(
        f"<span class='ft-bar thin'><span class='ft-part {side}' style='width:{100 * value:.2f}%'></span></span>"
        for side, value in zip(sides, values, strict=True)
    )
    told = " → ".join(_percent(value) for value in values)
    mark = "<span class='ft-severity win'>wanted</span>" if label == wanted else ""
    return (
        f"<div class='ft-row'><span class='ft-row-name' title='{text(label)}'>{text(label)} {mark}</span>"
        f"<span class='ft-share-bars'>{bars}</span><span class='ft-row-value'>{text(told)}</span></div>"
    )


def _percent(value: float) -> str:
    return "< 0.1 %" if 0 < value < 0.001 else words.percent(value, 1)


def prompt(shown: RenderedPrompt | None) -> str:
    """The prompt as the model sees it, its marks visible."""
    if shown is None:
        return markup.empty("Ask first: then each token of the prompt stands here, special ones too.")
    pieces = "".join(
        f"<span class='ft-token {piece.kind}'>{'<br>'.join(text(line) for line in piece.text.split(chr(10)))}</span>"
        for piece in shown.pieces
    )
    told = words.counted(shown.tokens, "token")
    if shown.whole > shown.tokens:
        told += f" of {shown.whole:,}: {shown.whole - shown.tokens:,} were cut out, as in training"
    legend = "<span class='ft-token mark'>&lt;mark&gt;</span> a special token of the model"
    if shown.whole > shown.tokens:
        legend += "; <span class='ft-token cut'>…</span> the place of the cut"
    return markup.block(
        f"<p class='ft-caption'>{text(told)}</p><div class='ft-tokens'>{pieces}</div><p class='ft-below'>{legend}.</p>"
    )


def where_from(held: HeldOut | None, place: int, rows: int) -> str:
    """Which row stands in the field."""
    if held is None:
        told = f"{words.counted(rows, 'held-out row')} to take, which no training saw." if rows else ""
        return markup.block(f"<p class='ft-below'>{text(told) or '&nbsp;'}</p>")
    turns = len(held.turns) - 1
    before = f", behind {words.counted(turns, 'earlier message')}" if turns > 0 else ""
    return markup.block(
        f"<p class='ft-below'>{text(f'Row {held.row:,} of the file, {place:,} of {rows:,} held-out rows{before}.')}</p>"
    )


def memory(holds: str, device: str) -> str:
    """Whether the models are in memory."""
    told = f"The models are in memory{f' ({device})' if device else ''}; they go after five minutes without a question."
    return markup.block(f"<p class='ft-below'>{text(told) if holds else '&nbsp;'}</p>")
