import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.dataset import table as limits
from core.dataset.files.read import parse_table, read_table
from core.errors import DataError

ROOT = Path(__file__).resolve().parents[3]


def test_a_file_over_the_limit_is_refused_without_being_read(tmp_path):
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        file.truncate(limits.MAX_BYTES + 1)
    with pytest.raises(DataError, match="at most 1,024 MiB"):
        read_table(path)


@pytest.mark.parametrize(
    "content",
    [
        b"a,b\n" + b"1,2\n" * (limits.MAX_ROWS + 1),
        b"," * 2_000_000,
        b"a,b\n" + b"," * 2_000_000,
        ",".join(f"c{n}" for n in range(2000)).encode() + b"\n" + (b"1" + b",1" * 1999 + b"\n") * 4100,
        b"[" + b"[]," * 5_000_000 + b"[]]",
        b'{"a":1}\n' * (limits.MAX_ROWS + 1),
        "\n".join(f'{{"k{n}":1}}' for n in range(4000)).encode(),
    ],
    ids=["rows", "wide header", "wide row", "cells", "brackets", "lines", "keys"],
)
def test_what_would_fill_the_memory_is_refused(content):
    with pytest.raises(DataError):
        parse_table(content, "data.csv" if content[:1] not in (b"[", b"{") else "data.json")


def test_a_pipe_a_folder_and_a_missing_file_are_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    for path, what in [(tmp_path / "pipe.csv", "is not a file"), (tmp_path, "not a file"), (tmp_path / "no", "exist")]:
        with pytest.raises(DataError, match=what):
            read_table(path)


def write_parquet(columns, path, **how):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(pa.table(columns), path, **how)
    return path


def test_parquet_keeps_text_and_nested_cells(tmp_path):
    columns = {"text": ["NA", "007"], "messages": [[{"role": "user", "content": "a"}], []], "n": [1, None]}
    table = read_table(write_parquet(columns, tmp_path / "a.parquet"))
    assert table.encoding == ""
    assert table.rows == [
        {"text": "NA", "messages": [{"role": "user", "content": "a"}], "n": 1},
        {"text": "007", "messages": [], "n": None},
    ]


def test_parquet_that_unpacks_to_gigabytes_is_refused(tmp_path):
    pa = pytest.importorskip("pyarrow")
    same = pa.DictionaryArray.from_arrays([0] * 5000, ["x" * 1_000_000])
    path = write_parquet({"text": same}, tmp_path / "bomb.parquet", compression="zstd", store_schema=False)
    assert path.stat().st_size < 1_000_000
    with pytest.raises(DataError, match=r"unpacks to more than 1,024 MiB|memory"):
        read_table(path)


def test_damaged_parquet_is_refused(tmp_path):
    path = write_parquet({"text": ["a"] * 100}, tmp_path / "a.parquet")
    content = path.read_bytes()
    for broken in (content[:-10], content[:40], content[:20] + b"\xff" * 30 + content[50:]):
        with pytest.raises(DataError, match="Parquet"):
            parse_table(broken, "a.parquet")


BOMBS = {
    "zeros.csv.gz": "gzip.compress(bytes(600_000_000), 1)",
    "zeros.jsonl.xz": "lzma.compress(bytes(400_000_000), preset=0)",
    "array.json": "b'[' + b'{\"a\":\"b\"},' * 12_000_000 + b'{}]'",
    "line.csv": "b'a' * 300_000_000",
    "quote.csv": "b'a,b\\n\"' + b'c,d\\n' * 60_000_000",
    "keys.jsonl": "b'{' + b','.join(b'\"k%d\":1' % n for n in range(3_000_000)) + b'}\\n{}\\n'",
}
READ = """
import resource, sys
from pathlib import Path
from core.dataset.files.read import read_table
from core.errors import DataError
resource.setrlimit(resource.RLIMIT_DATA, (2**30, 2**30))
try:
    read_table(Path(sys.argv[1]))
except DataError as error:
    print(error.what)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no limit of memory to set")
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_within_one_gigabyte(name, tmp_path):
    make = f"import gzip, lzma; from pathlib import Path; Path({name!r}).write_bytes({BOMBS[name]})"
    subprocess.run([sys.executable, "-c", make], cwd=tmp_path, check=True)
    command = [sys.executable, "-c", READ, str(tmp_path / name)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert name in done.stdout
    (tmp_path / name).unlink()
