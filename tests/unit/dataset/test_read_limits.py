import gzip
import io
import json
import lzma
import os
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest

from core.dataset import table as limits
from core.dataset.files.read import parse_table, read_table
from core.dataset.files.source import find_source, open_files, open_source
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


def zipped(files):
    """An archive of these files."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


def workbook(rows, times=1, head=b""):
    """A workbook whose only sheet has these rows, as XML, so many times."""
    schemas = "http://schemas.openxmlformats.org"
    book = f"{schemas}/spreadsheetml/2006/main"
    office = f"{schemas}/officeDocument/2006/relationships"
    package = f"{schemas}/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    link = f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" Type="{office}/%s" Target="%s"/>'
    return zipped(
        {
            "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
            f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/></Types>',
            "_rels/.rels": link % ("officeDocument", "xl/workbook.xml") + "</Relationships>",
            "xl/workbook.xml": f'<workbook xmlns="{book}" xmlns:r="{office}">'
            '<sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": link % ("worksheet", "worksheets/sheet1.xml") + "</Relationships>",
            "xl/worksheets/sheet1.xml": head
            + f'<worksheet xmlns="{book}"><sheetData>'.encode()
            + rows * times
            + b"</sheetData></worksheet>",
        }
    )


def zstandard(content):
    """`content`, packed."""
    import pyarrow as pa

    return bytes(pa.compress(content, "zstd", asbytes=True))


BOMBS = {
    "zeros.csv.gz": lambda: gzip.compress(bytes(600_000_000), 1),
    "zeros.jsonl.xz": lambda: lzma.compress(bytes(400_000_000), preset=0),
    "zeros.jsonl.zst": lambda: zstandard(bytes(600_000_000)),
    "zeros.zip": lambda: zipped({"in zeros.zip.csv": bytes(400_000_000)}),
    "array.json": lambda: b"[" + b'{"a":"b"},' * 12_000_000 + b"{}]",
    "line.csv": lambda: b"a" * 300_000_000,
    "spaces.csv": lambda: b" " * 100_000_000,
    "newlines.csv": lambda: b"\n" * 50_000_000,
    "quote.csv": lambda: b'a,b\n"' + b"c,d\n" * 60_000_000,
    "keys.jsonl": lambda: b"{" + b",".join(b'"k%d":1' % n for n in range(1_200_000)) + b"}\n{}\n",
    "cells.xlsx": lambda: workbook(b"<row>" + b'<c t="inlineStr"><is><t>x</t></is></c>' * 10 + b"</row>", 600_000),
    "corner.xlsx": lambda: workbook(CORNERS),
}
CORNERS = b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
MAKE = """
import sys
from pathlib import Path
from tests.unit.dataset.test_read_limits import BOMBS
Path(sys.argv[1]).write_bytes(BOMBS[Path(sys.argv[1]).name]())
"""
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
    subprocess.run([sys.executable, "-c", MAKE, str(tmp_path / name)], cwd=ROOT, check=True)
    command = [sys.executable, "-c", READ, str(tmp_path / name)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert name in done.stdout
    (tmp_path / name).unlink()


ROWS = b"text,label\n" + b"".join(b"row %d of it,%d\n" % (n, n % 2) for n in range(30))
CELLS = b'<row><c t="inlineStr"><is><t>head</t></is></c></row><row><c t="inlineStr"><is><t>&x;</t></is></c></row>'
REFUSED = {
    "empty.csv": (b"", "is empty"),
    "blank.csv": (b"\n\n  \n", "is empty"),
    "header.csv": (b"text,label\n", r"column names \(text, label\) and no rows"),
    "zero.json": (b"[]", "holds no rows"),
    "objects.json": (b"[{}]", "are empty objects"),
    "deep.json": (b'[{"a":' + b"[" * 5000 + b"]" * 5000 + b"}]", "Row 1 .* nested too deeply"),
    "deep.jsonl": (b'{"a":' + b'{"b":' * 5000 + b"1" + b"}" * 5001, "Row 1 .* nested too deeply"),
    "brackets.json": (b"[" * 1_000_000, "nested too deeply"),
    "nul.csv": (ROWS + b"a\0b,c\n", "Row 31 .* NUL"),
    "half.jsonl": (b'{"a": "\\ud83d x"}\n{"a": "b"}\n', "Row 1 .* half of a surrogate pair"),
    "half.csv": (b"text,label\n\xed\xa0\xbd,b\nc,d\n", "half of a surrogate pair"),
    "ragged.csv": (b"text,label\na,b\nc\nd,e,f,g\n", "Row 2 .* has 1 cell"),
    "open.csv": (b'text,label\n"never closed,b\nx,y\n', "Row 1 .* never closed"),
    "slip.zip": (zipped({"../../evil.csv": ROWS}), "outside the archive"),
    "drive.zip": (zipped({"C:\\\\evil.csv": ROWS}), "outside the archive"),
    "nested.zip": (zipped({"inner.zip": zipped({"a.csv": ROWS})}), "holds another archive"),
    "hidden.zip": (zipped({"inner.csv": zipped({"a.csv": ROWS})}), "holds another archive"),
    "packed.zip": (zipped({"a.csv.gz": gzip.compress(gzip.compress(ROWS))}), "holds another archive"),
    "twice.csv.gz": (gzip.compress(gzip.compress(ROWS)), "holds another archive"),
    "cut.csv.gz": (gzip.compress(ROWS)[:-20], "cannot be unpacked"),
    "cut.zip": (zipped({"a.csv": ROWS})[:-30], "cannot be unpacked"),
    "entities.xlsx": (workbook(CELLS, head=b'<!DOCTYPE l [<!ENTITY x "a"><!ENTITY y "&x;&x;">]>'), "as a workbook"),
    "foreign.xlsx": (workbook(CELLS, head=b'<!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/passwd">]>'), "as a workbook"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_odd_file_is_refused_in_one_clear_sentence_and_leaves_nothing(name, tmp_path):
    content, said = REFUSED[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=said) as refused:
        open_source(tmp_path / name, tmp_path / "home")
    assert refused.value.fix
    assert "\n" not in str(refused.value)
    assert not list((tmp_path / "home" / "datasets").iterdir())


@pytest.mark.parametrize(
    "name", ["x[1]*.csv", "--help.csv", "-rf.csv", "%2e%2e%2f.csv", "a\nb.csv", ".csv.csv", "$(id).csv"]
)
def test_a_file_may_be_called_anything(name, tmp_path):
    (tmp_path / name).write_bytes(ROWS)
    for source in (open_source(tmp_path / name, tmp_path / "one"), open_files([tmp_path / name], tmp_path / "two")):
        assert len(read_table(source.files["train"]).rows) == 30
        assert source.name == name


def test_what_is_called_like_a_file_and_is_none_is_refused(tmp_path):
    home = tmp_path / "home"
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "a.csv").mkdir()
    (tmp_path / "dangling.csv").symlink_to(tmp_path / "nothing")
    (tmp_path / "loop.csv").symlink_to(tmp_path / "loop.csv")
    (tmp_path / "endless.csv").symlink_to("/dev/zero")
    for path in sorted(tmp_path.glob("*.csv")):
        with pytest.raises(DataError):
            open_source(path, home)
        with pytest.raises(DataError):
            open_files([path, path], home)
    assert not home.exists() or not [path for path in (home / "datasets").glob("*") if path.name[0] != "."]


def test_a_file_that_changes_while_it_is_taken_in_is_kept_as_one_of_its_states_or_refused(tmp_path):
    path, stop = tmp_path / "changing.jsonl", threading.Event()
    states = [
        "".join(json.dumps({"text": f"{word} {n}", "label": "ab"[n % 2]}) + "\n" for n in range(count)).encode()
        for word, count in (("first", 2000), ("second", 300))
    ]
    path.write_bytes(states[0])

    def change():
        turn = 0
        while not stop.is_set():
            turn += 1
            path.write_bytes(states[turn % 2])

    writer = threading.Thread(target=change)
    writer.start()
    try:
        for _ in range(20):
            try:
                source = open_source(path, tmp_path / "home")
            except DataError:
                continue
            kept = source.files["train"].read_bytes()
            assert source == find_source(source.id, tmp_path / "home")
            assert len(read_table(source.files["train"]).rows) == kept.count(b"\n") + (not kept.endswith(b"\n"))
    finally:
        stop.set()
        writer.join()
    assert not list((tmp_path / "home" / "datasets").glob(".new-*"))


def test_an_archive_of_two_files_of_one_name_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("a.csv", ROWS)
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.csv", ROWS + b"more,1\n")
    with pytest.raises(DataError, match=r"two files called 'a\.csv'"):
        open_source(tmp_path / "two.zip", tmp_path / "home")


def test_a_file_with_a_colon_in_its_name_is_read_from_an_archive(tmp_path):
    (tmp_path / "chats.zip").write_bytes(zipped({"chat of 12:30.csv": ROWS}))
    assert len(read_table(tmp_path / "chats.zip").rows) == 30
