"""Rows with answers, and judges of them."""

import json
import re

from core.evaluate.evaluation import Evaluation, RowResult
from tests.unit.augment.endpoint import completion

ROWS = 12
EQUAL = 2


def results(rows=ROWS, equal=EQUAL):
    """Rows of which the last have equal answers."""
    return [
        RowResult(
            number,
            f"Question {number}?",
            f"Wanted {number}",
            f"base {number}" if number <= rows - equal else f"tuned {number}",
            f"tuned {number}",
            0.1,
            0.9,
            "win",
        )
        for number in range(1, rows + 1)
    ]


def scored() -> Evaluation:
    """A run's scores with these rows."""
    return Evaluation(
        rows=results(), primary="rouge_l", metrics={}, intervals={}, wins=10, losses=0, ties=2, headline="Better"
    )


def asked(body):
    """Row, and what stands as A and as B, in a question."""
    prompt = body["messages"][1]["content"]
    first, second = (json.loads(re.search(rf"^{name}: (.*)$", prompt, re.MULTILINE)[1]) for name in "AB")
    return int(first.split()[1]), first.split()[0], second.split()[0]


def said(verdict, reason="It is right."):
    return 200, {}, completion(json.dumps({"verdict": verdict, "reason": reason}))


def preferring(prefer):
    """A judge that prefers, of each row, what `prefer` names: a model, "tie", or a place."""

    def script(number, body):
        row, first, _ = asked(body)
        wanted = prefer(row)
        if wanted in {"A", "B", "tie"}:
            return said(wanted)
        return said("A" if first == wanted else "B", f"Row {row} is better so.")

    return script


TUNED = preferring(lambda row: "tuned")
