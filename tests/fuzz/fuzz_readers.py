"""Coverage-guided search for bytes that make the readers fail in any way but with one clear sentence.

Not part of the test command. Run it by hand, for as long as you like:

    python tests/fuzz/fuzz_readers.py -max_total_time=120

The first byte chooses the file's name, the rest is its content. Parquet, Arrow and workbooks are read by a process of
their own, which this search cannot look into; `tests/unit/dataset/test_fuzz_readers.py` damages those.
"""

import sys
import tempfile
from pathlib import Path

import atheris

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

with atheris.instrument_imports(include=["core.dataset", "csv", "json", "zipfile", "gzip"]):
    from core.dataset.files import read
    from core.dataset.table import Table
    from core.errors import DataError

NAMES = ("a.csv", "a.tsv", "a.json", "a.jsonl", "a.txt", "a.md", "a.zip", "a.csv.gz", "a", "a.jsonl.zst")
SEEDS = (
    b"text,label\na,b\n",
    b"text\tlabel\n'a'\t\"b\n",
    b'[{"text": "a", "n": [1.0, -0, null]}]',
    b'{"text": "a"}\n{"text": "\\ud83d\\ude00", "x": {"y": []}}\n',
    b"Once upon a time.\n\nThe end.",
    "текст;метка\nпривет;да\n".encode("cp1251"),
    "text,label\nü,€\n".encode("utf-16"),
)


def read_in_process(file, kind, name):
    """Stands for the process that reads binary files: what it does is not searched here."""
    raise DataError(f"{name} is {kind}.", "It is not read here.")


def try_one(data: bytes) -> None:
    """Read one input."""
    if not data:
        return
    try:
        table = read.parse_table(data[1:], NAMES[data[0] % len(NAMES)])
    except DataError as error:
        if not error.what or not error.fix:
            raise AssertionError("a refusal that does not say what to do") from error
        return
    if not isinstance(table, Table) or not all(row.keys() == set(table.columns) for row in table.rows):
        raise AssertionError("rows that do not have the columns of their table")


def main() -> None:
    """Search until the time is over or something is found."""
    read.read_columnar = read_in_process
    read.read_workbook = lambda file, sheet, name: read_in_process(file, "a workbook", name)
    corpus = Path(tempfile.mkdtemp(prefix="fuzz-readers-"))
    for number, seed in enumerate(SEEDS):
        for place in range(len(NAMES)):
            (corpus / f"{number}-{place}").write_bytes(bytes([place]) + seed)
    atheris.Setup([*sys.argv, str(corpus)], try_one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
