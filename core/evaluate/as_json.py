"""An evaluation without its rows, as programs read it."""

import dataclasses
from typing import Any

from core.evaluate.evaluation import Evaluation
from core.evaluate.per_label import per_label


def as_json(evaluation: Evaluation) -> dict[str, Any]:
    """The metrics with what a person would say of them, and of labels each alone and how sure the models were."""
    told = {
        "rows": len(evaluation.rows),
        "metrics": evaluation.metrics,
        "wins": evaluation.wins,
        "losses": evaluation.losses,
        "ties": evaluation.ties,
        "headline": evaluation.headline,
        "primary": evaluation.primary,
        "first": evaluation.first,
        "told": {name: evaluation.told(name) for name in (*evaluation.first, *evaluation.more)},
        "intervals": evaluation.intervals,
        "rows_needed": evaluation.needed,
        "problems": evaluation.problems,
        "forgetting": _forgetting(evaluation),
    }
    if evaluation.stand_in:
        told["stand_in"] = evaluation.stand_in
    if not evaluation.labels:
        return told
    tables = {"base": evaluation.confusion_base, "tuned": evaluation.confusion_tuned}
    return told | {
        "labels": evaluation.labels,
        "confusion": tables,
        "per_label": {
            side: [dataclasses.asdict(one) for one in per_label(evaluation.labels, table)]
            for side, table in tables.items()
        },
        "reliability": {
            side: [dataclasses.asdict(one) for one in evaluation.reliability(side)] for side in ("base", "tuned")
        },
    }


def _forgetting(evaluation: Evaluation) -> dict[str, Any] | None:
    """What was forgotten; None where that was not measured."""
    found = evaluation.forgetting
    if found is None:
        return None
    said = {"verdict": found.verdict, "told": found.told, "remedy": found.remedy}
    return dataclasses.asdict(found) | {"difference": found.tuned - found.base} | said
