"""Write the general texts by which it is seen what tuning made a model forget; run once, by hand.

    python -m assets.general.build --data FOLDER

`FOLDER` holds the public sets named in NOTICE, as for the starter. Texts of our own stand in `own.txt`.
"""

import argparse
import csv
import json
import random
from collections.abc import Iterable, Iterator
from pathlib import Path

from assets.starter.texts import SAMPLES, read_rows, read_sources, squash

HERE = Path(__file__).resolve().parent
EACH = 32
"""Texts of each kind."""
SEED = 20260201
SHORTEST, LONGEST = 60, 700
"""Characters."""


def _dialogues(data: Path) -> Iterator[str]:
    for row in read_rows(data / "mts_dialog" / "Main-Dataset" / "MTS-Dialog-TestSet-2-MEDIQA-Sum-2023.csv"):
        yield "\n".join(" ".join(line.split()) for line in row["dialogue"].splitlines() if line.strip())


def _reports(data: Path) -> Iterator[str]:
    for report in json.loads((data / "tatqa" / "tatqa_dataset_test_gold.json").read_text(encoding="utf-8")):
        for paragraph in report["paragraphs"]:
            yield " ".join(paragraph["text"].split())


def _questions(data: Path) -> Iterator[str]:
    for row in read_rows(data / "banking77" / "test.csv"):
        yield " ".join(row["text"].split())


def _own() -> Iterator[str]:
    yield from (HERE / "own.txt").read_text(encoding="utf-8").strip().split("\n\n")


def _fitting(texts: Iterable[str], known: str) -> list[str]:
    """`EACH` texts of a useful length that nothing known holds."""
    different = dict.fromkeys(text for text in texts if SHORTEST <= len(text) <= LONGEST)
    fitting = [text for text in different if squash(text) not in known]
    return sorted(random.Random(SEED).sample(fitting, EACH))


def main() -> None:
    """Write `texts.csv` beside this file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the public sets")
    data: Path = parser.parse_args().data
    sources, _ = read_sources(data)
    documents = [document for texts in sources.values() for document in texts]
    cells = [cell for path in SAMPLES.glob("*.csv") for row in read_rows(path) for cell in row.values()]
    known = "\n".join(squash(text) for text in (*documents, *cells))
    kinds = {
        "everyday prose": _fitting(_own(), known),
        "doctor-patient talks": _fitting(_dialogues(data), known),
        "financial reports": _fitting(_reports(data), known),
        "customer questions": _fitting(_questions(data), known),
    }
    with (HERE / "texts.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["kind", "text"])
        writer.writerows((kind, text) for kind, texts in kinds.items() for text in texts)


if __name__ == "__main__":
    main()
