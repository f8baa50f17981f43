"""The advice at its borders, as a table that a person can read: `golden/advice.txt`.

After a change that is meant, write it anew: FEWTUNE_WRITE_GOLDEN=1 pytest tests/unit/strategy/test_golden_advice.py
"""

import os
from pathlib import Path

from core.strategy.advise import Goal, advise
from core.strategy.catalogue import known
from core.strategy.matrix import cell_for

GOLDEN = Path(__file__).parent / "golden" / "advice.txt"
COUNTS = (1, 2, 20, 99, 100, 499, 500, 999, 1000, 4999, 5000, 100_000)
CARDS = (0, 6, 16, 24, 80)
ROOMS = (24, 200)
"""GPUs for the goals: full tuning of this model fits on the second only."""
MODEL = "mistralai/Mistral-7B-Instruct-v0.3"


def table(rows, choice, machine) -> str:
    heads = [
        f"{'examples':>9}",
        "budget",
        f"{'synthetic rows':<14}",
        *(f"{f'{gib} GB' if gib else 'no GPU':<30}" for gib in CARDS),
    ]
    lines = [f"What is advised for {MODEL}: method, rank, rows at a time x passes of a step (r: recomputed)", ""]
    lines.append("  ".join(heads).rstrip())
    for count in COUNTS:
        split = rows(count, words=150)
        for budget in (False, True):
            cells = [one(split, choice, machine, gib, budget=budget) for gib in CARDS]
            shown = "  ".join(f"{cell:<30}" for cell in cells).rstrip()
            lines.append(f"{count:>9}  {'tight' if budget else '':<6}  {cell_for(count).augment:<14}  {shown}")
    lines += ["", *by_goal(rows, choice, machine)]
    return "\n".join(lines) + "\n"


def by_goal(rows, choice, machine) -> list[str]:
    """What each goal takes, on a GPU that has to be divided and on one with room; e: epochs at most."""
    shown = "  ".join(f"{f'{goal}, {gib} GB':<30}" for gib in ROOMS for goal in Goal).rstrip()
    lines = ["The same by goal (e: epochs at most)", "", f"{'examples':>9}  {shown}"]
    for count in COUNTS:
        split = rows(count, words=150)
        cells = [one(split, choice, machine, gib, goal=goal) for gib in ROOMS for goal in Goal]
        lines.append(f"{count:>9}  " + "  ".join(f"{cell:<30}" for cell in cells).rstrip())
    return lines


def one(split, choice, machine, gib, *, budget=False, goal=None) -> str:
    facts = known(MODEL).facts
    told = {"budget": budget, "gpu_memory": gib or None} | ({"goal": goal} if goal else {})
    advice = advise(split, choice, facts, machine, **told)
    plan = advice.plan
    rank = f" r={plan.options['rank']}" if "rank" in plan.options else ""
    step = f"{plan.batch_size} x {plan.accumulation}{' r' if plan.gradient_checkpointing else ''}"
    passes = f" {plan.epochs} e" if goal else ""
    return f"{plan.method}{rank} {step}{passes}{'' if advice.memory.fits else ' (too small)'}"


def test_the_advice_at_its_borders_is_the_table_that_was_agreed(rows, choice, machine):
    found = table(rows, choice, machine)
    if os.environ.get("FEWTUNE_WRITE_GOLDEN"):
        GOLDEN.write_text(found, encoding="utf-8")
    assert found == GOLDEN.read_text("utf-8")
