"""Text from people and files becomes harmless markup; the only way in which a page writes HTML.

Pages draw with `gr.Markdown`, because `gr.HTML` compiles its template in the browser, which the content security policy
refuses. Whatever is not our own text goes through `text` first.
"""

import re

import gradio as gr

_ACTIVE = {ord(character): f"&#{ord(character)};" for character in "&<>\"'\\`*_{}[]()#+-.!|~$:@/=^\n\r\t"}
"""One pass, so that no entity is escaped again: what HTML reads, what Markdown reads, what links and formulas need."""


def text(value: object) -> str:
    """`value` as characters: no tag, no Markdown, no link, no formula, no second line of its own."""
    clean = str(value).encode("utf-8", "replace").decode("utf-8").replace("\0", "\N{REPLACEMENT CHARACTER}")
    return clean.translate(_ACTIVE)


def block(markup: str) -> str:
    """Our own markup as one block that the Markdown parser passes through: it may hold no line break."""
    return "<div class='ft'>" + re.sub(r"\s*\n\s*", " ", markup).strip() + "</div>"


def view(value: str = "", *, elem_id: str | None = None, classes: str = "", visible: bool = True) -> gr.Markdown:
    """A place for `block`s: sanitised once more in the browser, without formulas."""
    return gr.Markdown(
        value,
        latex_delimiters=[],
        elem_id=elem_id,
        elem_classes=["ft-view", *classes.split()],
        visible=visible,
        show_label=False,
    )


def headline(title: str, below: str = "", tone: str = "") -> str:
    """The finding of a page, with a line below; both are escaped here."""
    second = f"<p class='ft-below'>{text(below)}</p>" if below else "<p class='ft-below'>&nbsp;</p>"
    return block(f"<h2 class='ft-headline {tone}'>{text(title)}</h2>{second}")


def facts(pairs: list[tuple[str, str, str]]) -> str:
    """Small tiles: value, label, and a sentence that explains the term when one points at it."""
    tiles = "".join(
        f"<div class='ft-fact' title='{text(help_)}'><div class='ft-fact-value'>{text(value)}</div>"
        f"<div class='ft-fact-label'>{text(label)}</div></div>"
        for value, label, help_ in pairs
    )
    return f"<div class='ft-facts'>{tiles}</div>"


def empty(sentence: str, todo: str = "") -> str:
    """What a place says that has nothing to show yet."""
    more = f"<p class='ft-below'>{text(todo)}</p>" if todo else ""
    return block(f"<div class='ft-empty'><p>{text(sentence)}</p>{more}</div>")
