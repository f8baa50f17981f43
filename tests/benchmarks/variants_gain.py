"""What variants of rows gain: notes of the original training file alone, the bundled test rows untouched.

`python -m tests.benchmarks.variants_gain VARIANTS EPOCHS` trains on 255 of the sample's rows, validates with 45, and
scores 150 other rows of the file that the sample was cut from, which must lie in `../shared`. Minutes on two cores.
"""

import csv
import random
import sys
import tempfile
from pathlib import Path

from core.dataset.samples import SAMPLES
from core.engine import Engine
from tests.benchmarks.advice_grid import score

ORIGINAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "mts_dialog"
VALIDATION, SCORED = 45, 150
LONGEST, NOTE = 1200, range(20, 401)
"""Characters of dialogue and note, as the sample was cut."""


def divide(folder: Path) -> None:
    """Write training, validation and test rows into `folder`."""
    sample = _read(SAMPLES["medical_notes"].files["train"])
    known = {" ".join(row["dialogue"].split()) for row in sample}
    (whole,) = (path for path in ORIGINAL.rglob("*.csv") if "rain" in path.name)
    given = [row | {"summary": " ".join(row["section_text"].split())} for row in _read(whole)]
    others = [
        row
        for row in given
        if " ".join(row["dialogue"].split()) not in known
        and len(row["dialogue"]) <= LONGEST
        and len(row["summary"]) in NOTE
    ]
    random.Random(5).shuffle(others)
    random.Random(1).shuffle(sample)
    parts = {"validation": sample[:VALIDATION], "train": sample[VALIDATION:], "test": others[:SCORED]}
    for name, rows in parts.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, ["dialogue", "summary"], extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)


def gain(variants: int, epochs: int) -> float:
    """ROUGE-L of the tuned model, in percent."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "notes"
        folder.mkdir()
        divide(folder)
        engine = Engine(Path(place) / "home")
        sample, choice = SAMPLES["medical_notes"], engine.choose(engine.open_data(folder))
        reading = {"format": sample.format, "mapping": dict(sample.mapping), "instruction": sample.instruction}
        plan = engine.advise(choice.model_copy(update=reading), "starter").plan
        plan = engine.read_plan(plan.model_dump() | {"variants": variants, "epochs": epochs})
        found = score(engine, plan, Path(place) / "run", "rouge_l")["score"]
        engine.close()
        return found


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    print(f"{gain(int(sys.argv[1]), int(sys.argv[2])):.1f}")
