"""The advice at its borders, as a table that a person can read: `golden/advice.txt`.

After a change that is meant, write it anew: FEWTUNE_WRITE_GOLDEN=1 pytest tests/unit/strategy/test_golden_advice.py
"""

import os
from pathlib import Path

from core.strategy.advise import advise
from core.strategy.catalogue import known
from core.strategy.matrix import cell_for

GOLDEN = Path(__file__).parent / "golden" / "advice.txt"
COUNTS = (2, 20, 99, 100, 499, 500, 999, 1000, 4999, 5000, 100_000)
CARDS = (0, 6, 16, 24, 80)
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
    return "\n".join(lines) + "\n"


def one(split, choice, machine, gib, *, budget) -> str:
    facts = known(MODEL).facts
    advice = advise(split, choice, facts, machine, budget=budget, gpu_memory=gib or None)
    plan = advice.plan
    rank = f" r={plan.options['rank']}" if "rank" in plan.options else ""
    step = f"{plan.batch_size} x {plan.accumulation}{' r' if plan.gradient_checkpointing else ''}"
    return f"{plan.method}{rank} {step}{'' if advice.memory.fits else ' (too small)'}"


def test_the_advice_at_its_borders_is_the_table_that_was_agreed(rows, choice, machine):
    found = table(rows, choice, machine)
    if os.environ.get("FEWTUNE_WRITE_GOLDEN"):
        GOLDEN.write_text(found, encoding="utf-8")
    assert found == GOLDEN.read_text("utf-8")
