"""How far answers are is a function of what the process with the models said."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter

from core.dataset.rendered import RenderedPrompt
from core.errors import MachineError, UserError
from core.job.inquiry import error_of
from core.job.playground.question import Side, Standing

_PROMPT = TypeAdapter(RenderedPrompt)
_GONE = MachineError("The models were let go before they answered.", "Ask again.")


def heard(standing: Standing, said: Mapping[str, Any]) -> Standing:
    """How it stands after one line more."""
    changes: dict[str, Any]
    match said["said"]:
        case "ready":
            changes = {"device": said["device"], "step": said["step"], "who": tuple(said["sides"])}
            changes["about"] = "Reading the prompt"
        case "prompt":
            changes = {"prompt": _PROMPT.validate_python(said["prompt"]), "about": "Answering"}
        case "shares":
            shares = {side: tuple(each) for side, each in said["shares"].items()}
            changes = {"shares": shares, "labels": tuple(said["labels"])}
        case "words":
            side = Side(**{name: said[name] for name in ("text", "tokens", "seconds", "how")})
            changes = {"sides": {**standing.sides, said["side"]: side}}
        case "done":
            return over(standing, was_stopped=said["stopped"])
        case "error":
            return over(standing, error=error_of(said))
        case _:  # it ended, or went because nobody had asked for long
            return over(standing, error=said.get("problem") or _GONE)
    return replace(standing, **changes)


def over(standing: Standing, *, was_stopped: bool = False, error: UserError | None = None) -> Standing:
    """The end of a question; what was said of the answers stays."""
    told = None if was_stopped else error
    return replace(standing, is_over=True, about="", was_stopped=was_stopped, error=told)
