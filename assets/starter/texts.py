"""The text the starter model reads, and the guard that keeps every bundled test row out of it."""

import ast
import csv
import json
import random
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

SAMPLES = Path(__file__).resolve().parent.parent / "samples"
SPLIT_SEED = 20260101
"""Seed with which the contracts of the bundled clauses were divided; the first `HELD_OUT` are the test side."""
HELD_OUT = 190
SHORTEST_TELLING = 60
"""Letters and digits below which an equal passage says nothing: boilerplate such as a table's head."""

csv.field_size_limit(10**9)


class LeakError(Exception):
    """A text meant for training holds something that the bundled tests score."""


def squash(text: str) -> str:
    """Return only the letters and digits of `text`, so that no difference in layout can hide a copy."""
    plain = unicodedata.normalize("NFKD", text).lower()
    return re.sub(r"[^a-z0-9]+", "", plain)


def fold(text: str) -> str:
    """Return `text` with paragraphs of one line each and without rules, dot leaders and page furniture."""
    text = re.sub(r"([_.\-=*])\1{3,}", r"\1\1\1", text.replace("\ufeff", "").replace("\r", ""))
    paragraphs = (" ".join(part.split()) for part in re.split(r"\n\s*\n", text))
    return "\n\n".join(part for part in paragraphs if re.search(r"[A-Za-z]{2}", part))


def read_rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file; a letter that is not UTF-8 becomes a replacement mark."""
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        return list(csv.DictReader(file))


def file_key(name: str) -> str:
    """Return what is left of a contract's file name once case, accents, punctuation and the ending are gone."""
    return squash(re.sub(r"\.(pdf|txt)$", "", name.strip(), flags=re.IGNORECASE))


def held_out_contracts(data: Path) -> set[str]:
    """Return the file keys of the contracts that test clauses were cut from.

    Raises:
        LeakError: Two contracts share a key, or a bundled test clause is in none of the held-out contracts, which means
            that the split is not the one the bundled sample was cut with.
    """
    contracts = read_rows(data / "cuad" / "master_clauses.csv")
    if len({file_key(row["Filename"]) for row in contracts}) != len(contracts):
        raise LeakError("Two contracts have the same name once case and punctuation are gone.")
    random.Random(SPLIT_SEED).shuffle(contracts)
    held = contracts[:HELD_OUT]
    scored = read_rows(SAMPLES / "legal_clauses_test.csv")
    cells = (row[label] for row in held for label in {row["label"] for row in scored})
    clauses = {squash(clause) for cell in cells if cell.startswith("[") for clause in ast.literal_eval(cell)}
    foreign = [row["text"] for row in scored if squash(row["text"]) not in clauses]
    if foreign:
        raise LeakError(f"{len(foreign)} test clauses come from no held-out contract, first: {foreign[0][:80]}")
    return {file_key(row["Filename"]) for row in held}


def test_passages() -> list[str]:
    """Return every text of the bundled test rows, squashed, whole and in its longer parts."""
    texts: list[str] = []
    for row in read_rows(SAMPLES / "legal_clauses_test.csv"):
        texts += [row["text"], *re.split(r"<omitted>", row["text"])]
    for row in read_rows(SAMPLES / "medical_notes_test.csv"):
        texts += [row["dialogue"], row["summary"]]
    for row in read_rows(SAMPLES / "financial_qa_test.csv"):
        texts += [row["context"], *row["context"].split("\n"), row["question"]]
    return sorted({short for text in texts if len(short := squash(text)) >= SHORTEST_TELLING})


def refuse_leaks(documents: Iterable[str], passages: Iterable[str]) -> None:
    """Check that no document holds a test passage.

    Raises:
        LeakError: One does.
    """
    everything = "\n".join(squash(document) for document in documents)
    for passage in passages:
        if passage in everything:
            raise LeakError(f"A training text holds a test passage: {passage[:80]}")


def _clean(documents: Iterable[str], passages: list[str]) -> tuple[list[str], int]:
    """Return the documents without a test passage, and how many were left out."""
    documents = [document for document in documents if document]
    squashed = [squash(document) for document in documents]
    everything = "\n".join(squashed)
    present = [passage for passage in passages if passage in everything]
    kept = [
        document
        for document, short in zip(documents, squashed, strict=True)
        if not any(passage in short for passage in present)
    ]
    return kept, len(documents) - len(kept)


def contracts(data: Path) -> tuple[list[str], int]:
    """Return the contracts that no test clause was cut from, and how many were refused by name.

    Raises:
        LeakError: A contract is in the list of no side, so nobody can say whether it may be read.
    """
    held = held_out_contracts(data)
    known = {file_key(row["Filename"]) for row in read_rows(data / "cuad" / "master_clauses.csv")}
    allowed: list[str] = []
    refused = 0
    for path in sorted((data / "corpus" / "contracts").rglob("*.txt")):
        if path.name.startswith("README"):
            continue
        key = file_key(path.name)
        if key not in known:
            raise LeakError(f"{path.name} is in no list of contracts: it may be a held-out one under another name.")
        if key in held:
            refused += 1
        else:
            allowed.append(fold(path.read_text(encoding="utf-8", errors="replace")))
    return allowed, refused


def _clauses(data: Path) -> Iterator[str]:
    """Yield the quoted passages of each contract whose whole text is not at hand: no label, and in no telling order.

    Raises:
        LeakError: The split cannot be repeated.
    """
    held = held_out_contracts(data)
    whole = {file_key(path.name) for path in (data / "corpus" / "contracts").rglob("*.txt")}
    for row in read_rows(data / "cuad" / "master_clauses.csv"):
        if file_key(row["Filename"]) in held | whole:
            continue
        passages: set[str] = set()
        for cell in row.values():
            # A cell that only looks like a list, such as "[*****]", is a redacted answer.
            if cell.startswith(("['", '["')):
                passages.update(" ".join(passage.split()) for passage in ast.literal_eval(cell))
        order = sorted(passage for passage in passages if len(passage) >= SHORTEST_TELLING)
        random.Random(SPLIT_SEED).shuffle(order)
        yield "\n\n".join(order)


def _terms(data: Path) -> Iterator[str]:
    for path in sorted((data / "unfair_tos" / "corpus" / "sentences" / "en" / "original").glob("*.txt")):
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        yield "\n".join(" ".join(line.split()) for line in lines if line.strip())


def _novels(data: Path) -> Iterator[str]:
    for path in sorted((data / "corpus" / "novels").glob("*.txt")):
        yield fold(path.read_text(encoding="utf-8", errors="replace"))


def _stories(data: Path) -> Iterator[str]:
    for path in sorted((data / "corpus" / "stories").glob("*/*.md")):
        text = path.read_text(encoding="utf-8", errors="replace").split("* License:")[0]
        lines = (line.lstrip("# ").strip() for line in text.splitlines())
        yield "\n".join(line for line in lines if line)


def _dialogues(data: Path) -> Iterator[str]:
    for row in read_rows(data / "mts_dialog" / "Main-Dataset" / "MTS-Dialog-TrainingSet.csv"):
        yield "\n".join(" ".join(line.split()) for line in row["dialogue"].splitlines() if line.strip())


def _reports(data: Path) -> Iterator[str]:
    for report in json.loads((data / "tatqa" / "tatqa_dataset_dev.json").read_text(encoding="utf-8")):
        table = [" | ".join(" ".join(cell.split()) for cell in line) for line in report["table"]["table"]]
        paragraphs = sorted(report["paragraphs"], key=lambda paragraph: paragraph["order"])
        yield "\n".join(table + [" ".join(paragraph["text"].split()) for paragraph in paragraphs])


def _questions(data: Path) -> Iterator[str]:
    texts = [" ".join(row["text"].split()) for row in read_rows(data / "banking77" / "train.csv")]
    random.Random(SPLIT_SEED).shuffle(texts)
    for start in range(0, len(texts), 20):
        yield "\n".join(texts[start : start + 20])


def read_sources(data: Path) -> tuple[dict[str, list[str]], Mapping[str, int]]:
    """Return the documents of every source, free of test rows, and how many were refused and why.

    Raises:
        LeakError: The split cannot be repeated, or a test passage is still there.
    """
    passages = test_passages()
    allowed, by_name = contracts(data)
    raw: dict[str, Iterable[str]] = {
        "contracts": allowed,
        "clauses": _clauses(data),
        "terms": _terms(data),
        "novels": _novels(data),
        "stories": _stories(data),
        "dialogues": _dialogues(data),
        "reports": _reports(data),
        "questions": _questions(data),
    }
    sources: dict[str, list[str]] = {}
    refused = {"contracts, by file name": by_name}
    for name, documents in raw.items():
        sources[name], refused[f"{name}, by a passage"] = _clean(documents, passages)
    refuse_leaks((document for documents in sources.values() for document in documents), passages)
    return sources, refused
