"""The only place that shows an error: what happened and what to do, escaped."""

import functools
import logging
from collections.abc import Callable
from typing import Any

import gradio as gr

from core.errors import UserError
from ui.markup import text

log = logging.getLogger(__name__)

_SECONDS = 45
"""Long enough to read it twice; it can be closed at once."""
_UNEXPECTED = UserError(
    "Fewtune itself made a mistake; your data and runs are as they were.",
    "Try again. If it stays, the terminal in which Fewtune runs says more.",
)


def markup(error: UserError) -> str:
    """What, fix, and each wrong value on a line of its own."""
    if error.problems:
        lines = "".join(f"<li><b>{text(name)}</b>: {text(problem)}</li>" for name, problem in error.problems.items())
        return f"<ul>{lines}</ul>{text(error.fix)}"
    return f"{text(error.what)} {text(error.fix)}".strip()


def show(error: UserError, *, title: str = "That did not work", link: tuple[str, str] | None = None) -> None:
    """Show a notice; `link` is a run's id and the words to click on."""
    more = f' <a href="?run={text(link[0])}" target="_self">{text(link[1])}</a>' if link else ""
    # Gradio gathers notices of a kind under one title, so ours stands in the message.
    gr.Warning(f"<b>{text(title)}</b><br>{markup(error)}{more}", duration=_SECONDS, title="Please read")


def tell(message: str, title: str = "Done") -> None:
    """Say that something went well."""
    gr.Info(f"<b>{text(title)}</b><br>{text(message)}", duration=6, title="Done")


def guarded(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Let a handler of a page raise: the person reads a notice, the page stays as it was, the server goes on."""

    @functools.wraps(handler)
    def safe(*values: Any, **more: Any) -> Any:  # noqa: ANN401 - a handler takes and returns what its controls do
        try:
            return handler(*values, **more)
        except UserError as error:
            show(error)
        except Exception:
            log.exception("The page's handler %s failed.", handler.__name__)
            show(_UNEXPECTED)
        return gr.skip()

    return safe
