"""The judge that is at work, and what was chosen for one. All tabs share it."""

import os
from collections.abc import Mapping
from typing import Any

from core.augment.spend import Limits
from core.augment.teachers.openai import OpenaiOptions
from core.engine import Engine
from core.errors import BusyError, UserError
from core.evaluate.judged import Finding
from core.job.inquiry import Inquiry
from core.job.judgings import KEY, URL
from core.judge.order import JudgeOrder, read_order
from core.judge.standing import JudgeForecast, JudgeStanding
from ui.asking import Asking
from ui.keys import Keys, holds_secret

TEXTS = ("url", "model", "criteria")
LIMITS = tuple(Limits.model_fields)
NAMES = (*TEXTS, "rows", "timeout", *LIMITS)
"""What is typed, in the order of the page."""
_DRAFT = "judge"
_STOPPED = "It was stopped at once; verdicts that had come are kept."


class Judging(Asking[str, str]):
    """At most one judge at a time, on one run."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, stopped=_STOPPED)
        url, key = os.environ.get(URL, ""), os.environ.get(KEY, "")
        self.keys = Keys({url: key} if url and key else {})
        # Whoever started the server says where its key may go; a typed address never gets it.
        self._usual = {
            "url": url or OpenaiOptions.model_fields["url"].default,
            "model": "",
            "criteria": JudgeOrder.model_fields["criteria"].default,
            "rows": 0,
            "timeout": OpenaiOptions.model_fields["timeout"].default,
            **{name: field.default for name, field in Limits.model_fields.items()},
        }

    def typed(self) -> dict[str, Any]:
        """What was typed, complete with what was not."""
        kept = self._engine.draft(_DRAFT)
        return {name: kept[name] if _fits(kept.get(name), usual) else usual for name, usual in self._usual.items()}

    def keep(self, typed: Mapping[str, Any]) -> None:
        """Keep what was typed; an address that holds a secret is not written down."""
        kept = {name: value for name, value in typed.items() if name in NAMES and not holds_secret(str(value))}
        if kept != self._engine.draft(_DRAFT):
            self._engine.save_draft(kept, key=_DRAFT)

    def order(self, run_id: str, typed: Mapping[str, Any] | None = None) -> JudgeOrder:
        """What would be asked.

        Raises:
            SettingsError: Something that was typed is wrong; lists all of it.
        """
        values = self.typed() if typed is None else typed
        return read_order(run_id, {name: value for name, value in values.items() if value is not None})

    def forecast(self, order: JudgeOrder) -> JudgeForecast:
        """What is still to be paid.

        Raises:
            UserError: There is nothing to judge.
        """
        return self._engine.results.judgings.forecast(order)

    def begin(self, order: JudgeOrder, key: str) -> None:
        """Ask, or go on; where only answers without a verdict are left, ask about those once more.

        Raises:
            UserError: There is nothing to judge, or it cannot be asked so.
            BusyError: A judge is at work already.
        """
        judgings = self._engine.results.judgings
        if not self.forecast(order).questions:
            order = order.model_copy(update={"again": True})

        def start() -> Inquiry[str]:
            if self._going is not None:
                raise BusyError("A judge is at work on another run.", "Wait for its end, or stop it.")
            return judgings.begin(order, key)

        self._begin(order.run, start)

    def going(self, run_id: str) -> Inquiry[str] | None:
        """What goes on for this run."""
        going = self.look()
        return going[1] if going is not None and going[0] == run_id else None

    def end(self, run_id: str) -> None:
        """Ask no further, and wait for what is paid; asked twice, end it at once."""
        judgings = self._engine.results.judgings
        if judgings.is_stopping(run_id) and self.going(run_id) is not None:
            self.stop()
        else:
            judgings.stop(run_id)

    def all(self, run_id: str) -> list[tuple[JudgeStanding, Finding]]:
        """How all judgings of the run stand, and what they found; the newest first."""
        return self._engine.results.judgings.all(run_id)

    def failed(self, run_id: str) -> UserError | None:
        """Why the last one could not begin or go on, where it was about this run."""
        return self.error if self.about == run_id else None


def _fits(value: Any, usual: Any) -> bool:  # noqa: ANN401 - values of any control
    """Whether a kept value is of the kind that its control shows."""
    if isinstance(usual, str):
        return isinstance(value, str)
    return isinstance(value, int | float) and not isinstance(value, bool)
