"""What the export page says of pushing to a model hub: markup from plain values."""

from collections.abc import Sequence

from core.errors import UserError
from core.export.hub import Pushed
from core.job.inquiry import Inquiry
from ui import drawings, markup, notices, words
from ui.markup import text
from ui.pushing import told

TITLE = "Push to the Hugging Face hub"


def about(address: str, *, typed: bool, here: bool) -> str:
    """What pushing is, and whose token it would take."""
    if typed:
        token = "It uses the token that you typed; nothing keeps it, and it is gone when this page is closed."
    elif here:
        token = "It uses the token of this machine (HF_TOKEN, or hf auth login)."
    else:
        token = f"There is no token on this machine: type one that may write, from {address}/settings/tokens."
    return markup.block(
        f"<p class='ft-below'>{text(f'Uploads a finished export with its model card to {address}, after you have')} "
        f"{text('seen what would go. Nothing is ever uploaded by itself.')} {text(token)}</p>"
    )


def question(sentences: Sequence[str]) -> str:
    """What is about to happen."""
    first, *rest = sentences
    lines = "".join(f"<li>{text(line)}</li>" for line in rest)
    return markup.block(f"<div role='alert'><p><b>{text(first)}</b></p><ul class='ft-causes'>{lines}</ul></div>")


def progress(going: Inquiry[Pushed]) -> str:
    """How far it is."""
    left = going.seconds_left
    said = going.about if left is None else f"{going.about}, {words.time_left(left, left)}"
    return markup.block(
        f"<div role='status'>{drawings.progress(going.share, label='Pushed')}"
        f"<div class='ft-status-row'><span>{text(said)}</span></div></div>"
    )


def ending(said: str, error: UserError | None) -> str:
    """How the last one ended, where it did not end well."""
    if error is not None:
        return markup.block(f"<p class='ft-note bad' role='alert'>{notices.markup(error)}</p>")
    return markup.block(f"<p class='ft-below' role='status'>{text(said)}</p>") if said else ""


def standing(pushed: Pushed | None) -> str:
    """Where an export stands on the hub."""
    if pushed is None:
        return ""
    when = f"<span class='ft-below'>{text(words.ago(pushed.at))}</span>"
    return markup.block(
        f"<p role='status'>{text(told(pushed))} {when}<br><a href='{text(pushed.url)}'"
        f" target='_blank' rel='noreferrer noopener'>{text(pushed.url)}</a></p>"
    )
