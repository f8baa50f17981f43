"""What a judge said of pairs of answers, and what follows from it: functions of verdicts alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from core.evaluate.evaluation import Evaluation, RowResult
from core.evaluate.headline import CERTAIN
from core.evaluate.rows import of_other_answers
from core.evaluate.statistics import cohen_kappa, mcnemar, wilson_interval
from core.store.judgements import Judgement

Preferred = Literal["base", "tuned", "tie"]
CHANGED = "changed"
"""In the place of what is preferred: the verdict changed with the order of the answers."""
FEWEST = 20
"""Rows that a person has to judge before agreement with the judge says anything."""
_SAID: Mapping[str, str] = {"base": "base", "tuned": "tuned", "both": "tie", "neither": "tie"}
"""A person's verdict to what a judge would call it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a judge says of one row."""

    row: int
    """Row in its file, counted from 1."""
    preferred: Preferred
    changed: bool = False
    """Whether the verdicts of both orders differ; then it counts as a tie."""
    asked: bool = True
    """Whether it was asked: equal answers are a tie by themselves."""
    place: Literal["", "first", "second"] = ""
    """Which place it preferred in both orders, whatever stood there."""
    reasons: tuple[str, ...] = ()
    """Of the order with the base answer first, and of the other one."""

    @property
    def word(self) -> str:
        """What is preferred, or that it changed."""
        return CHANGED if self.changed else self.preferred


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """A judge beside a person, on the rows of which both said something."""

    rows: int
    same: int
    low: float
    """Of the share of rows on which both say the same: Wilson's 95 % interval."""
    high: float
    kappa: float | None
    """Cohen's; None where both said one and the same everywhere."""

    @property
    def told(self) -> str:
        """In one or two sentences."""
        if self.rows == 0:
            return f"You judged none of these rows yourself: judge {FEWEST} to see whether to trust the judge."
        share = f"{self.same / self.rows:.0%}".replace("%", " %")
        agree = f"The judge agrees with you on {self.same:,} of the {self.rows:,} rows that both judged ({share}"
        if self.rows < FEWEST:
            more = FEWEST - self.rows
            return f"{agree}). That is too few to tell: judge {more} more yourself to see whether to trust it."
        spread = f", {100 * self.low:.0f} to {100 * self.high:.0f})"
        if self.kappa is None:
            return f"{agree}{spread}. Both said the same everywhere, so nothing is known beyond chance."
        return f"{agree}{spread}; Cohen's kappa is {self.kappa:.2f}, where 0 is chance and 1 always."


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a judge found on all rows that it judged."""

    rows: int
    wins: int
    """Rows on which the tuned answer is preferred in both orders."""
    losses: int
    ties: int
    """All others: called a tie, changed, or equal answers."""
    equal: int
    """Rows that were not asked, since both answers are the same."""
    changed: int
    first: int
    """Of the changed ones: where it took whatever stood first."""
    second: int
    low: float
    """Of the share of wins: Wilson's 95 % interval."""
    high: float
    p_value: float
    """Two-sided sign test of wins against losses."""
    agreement: Agreement

    @property
    def told(self) -> str:
        """The result as a sentence."""
        if not self.rows:
            return "The judge has judged no row yet."
        span = f"{100 * self.low:.0f} to {100 * self.high:.0f} %"
        return (
            f"The judge prefers the tuned answer on {self.wins:,} of {self.rows:,} rows, {span}, "
            f"base on {self.losses:,}; {self.ties:,} are ties."
        )

    @property
    def certainty(self) -> str:
        """Whether chance would do the same."""
        if not self.wins + self.losses:
            return "It prefers neither anywhere, so there is nothing to test."
        p_value = "below 0.001" if self.p_value < 0.001 else f"{self.p_value:.2g}"
        if self.p_value >= CERTAIN:
            return f"That may be chance (sign test, p {p_value})."
        return f"Chance would hardly do that (sign test, p {p_value})."

    @property
    def order_told(self) -> str:
        """How often the order of the answers decided."""
        asked = self.rows - self.equal
        if not asked:
            return "It was asked nothing: the answers are the same everywhere."
        share = f"{self.changed / asked:.0%}".replace("%", " %")
        told = f"It changed its mind with the order on {self.changed:,} of {asked:,} rows ({share})"
        if not self.changed:
            return f"{told}."
        places = [f"whatever stood first on {self.first:,}"] if self.first else []
        places += [f"whatever stood second on {self.second:,}"] if self.second else []
        which = f" It took {' and '.join(places)} of them." if places else ""
        return f"{told}; these count as ties.{which}"

    @property
    def lines(self) -> list[str]:
        """All of it in sentences, the result first."""
        if not self.rows:
            return [self.told]
        equal = f"{self.equal:,} of the ties were not asked, since both answers are the same." if self.equal else ""
        return [line for line in (self.told, self.certainty, self.order_told, equal, self.agreement.told) if line]

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        asked = self.rows - self.equal
        agreement = self.agreement
        return {
            "rows": self.rows,
            "wins": self.wins,
            "losses": self.losses,
            "ties": self.ties,
            "equal": self.equal,
            "changed": self.changed,
            "changed_share": self.changed / asked if asked else None,
            "share": self.wins / self.rows if self.rows else None,
            "interval": [self.low, self.high],
            "p_value": self.p_value,
            "agreement": {
                "rows": agreement.rows,
                "same": agreement.same,
                "interval": [agreement.low, agreement.high],
                "kappa": agreement.kappa,
            },
            "told": self.lines,
        }


def find(evaluation: Evaluation, judged: Mapping[int, Judged], judgements: Mapping[int, Judgement]) -> Finding:
    """What the verdicts say together, beside those of a person."""
    known = list(judged.values())
    wins, losses = (sum(one.preferred == name for one in known) for name in ("tuned", "base"))
    low, high = wilson_interval(wins, len(known))
    return Finding(
        rows=len(known),
        wins=wins,
        losses=losses,
        ties=len(known) - wins - losses,
        equal=sum(not one.asked for one in known),
        changed=sum(one.changed for one in known),
        first=sum(one.place == "first" for one in known),
        second=sum(one.place == "second" for one in known),
        low=low,
        high=high,
        p_value=mcnemar(wins, losses),
        agreement=agreement(evaluation.rows, judged, judgements),
    )


def agreement(
    rows: Iterable[RowResult], judged: Mapping[int, Judged], judgements: Mapping[int, Judgement]
) -> Agreement:
    """The judge beside a person; verdicts on answers that are not these any more do not count."""
    pairs = []
    for row in rows:
        judge, person = judged.get(row.row), judgements.get(row.row)
        if judge is None or not judge.asked or person is None or not person.verdict or of_other_answers(row, person):
            continue
        pairs.append((judge.preferred, _SAID[person.verdict]))
    same = sum(one == other for one, other in pairs)
    low, high = wilson_interval(same, len(pairs))
    return Agreement(rows=len(pairs), same=same, low=low, high=high, kappa=cohen_kappa(pairs))
