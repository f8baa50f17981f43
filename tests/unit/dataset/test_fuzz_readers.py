"""Whatever bytes come, the answer is a table or one clear sentence; and what a good file holds comes back whole."""

import bz2
import csv
import functools
import gzip
import io
import json
import lzma
import zipfile

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from core.dataset.files.decode import is_binary
from core.dataset.files.read import SUFFIXES, parse_table
from core.dataset.table import Table
from core.errors import DataError

usual = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
costly = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""For files that a process of its own reads."""

names = st.sampled_from([*(f"data{suffix}" for suffix in SUFFIXES), "data", "x[1]*.jsonl", "a.csv.gz", ".", "data.TXT"])
letters = st.characters(blacklist_categories=("Cs",), blacklist_characters="\0")
cells = st.text(letters, max_size=30)
shapes = st.integers(2, 4).flatmap(lambda width: st.lists(st.lists(cells, min_size=width, max_size=width), min_size=1))


def answer(data, name):
    """The table, or None where the file was refused as it should be."""
    refused = None
    try:
        table = parse_table(data, name)
    except DataError as error:
        refused = error
    if refused is not None:
        assert refused.what
        assert refused.fix
        return None
    assert isinstance(table, Table)
    assert all(row.keys() == set(table.columns) for row in table.rows)
    return table


def mutated(data, draw):
    """`data` with a few bytes changed, left out, put in or repeated."""
    data = bytearray(data)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, max(0, len(data) - 1)))
        match draw(st.sampled_from(["change", "cut", "insert", "repeat", "drop"])):
            case "change" if data:
                data[place] = draw(st.integers(0, 255))
            case "cut":
                del data[place:]
            case "insert":
                data[place:place] = draw(st.binary(max_size=8))
            case "repeat":
                data += data[place : place + 200]
            case "drop":
                del data[place : place + draw(st.integers(1, 20))]
    return bytes(data)


@usual
@given(st.binary(max_size=400), names)
def test_any_bytes_give_a_table_or_a_refusal(data, name):
    answer(data, name)


@usual
@given(
    st.text(max_size=400),
    names,
    st.sampled_from(["utf-8", "utf-16", "utf-16-be", "utf-32", "cp1252", "cp1251", "cp932"]),
)
def test_any_text_under_any_name_gives_a_table_or_a_refusal(text, name, encoding):
    answer(text.encode(encoding, "ignore"), name)


@usual
@given(st.text("[]{},:\"'\\ \n\t;|0aN-.é", max_size=60), names)
def test_text_made_of_marks_gives_a_table_or_a_refusal(text, name):
    answer(text.encode(), name)


@functools.cache
def valid():
    """A good file of each kind, by name."""
    pa = pytest.importorskip("pyarrow")
    openpyxl = pytest.importorskip("openpyxl")
    from pyarrow import feather, parquet

    rows = [{"text": f"Text, {n} — «café»", "label": "ab"[n % 2], "n": n} for n in range(20)]
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    text = io.StringIO()
    csv.writer(text).writerows([rows[0].keys(), *(row.values() for row in rows)])
    files = {"a.csv": text.getvalue().encode(), "a.jsonl": lines, "a.json": json.dumps(rows).encode()}
    files |= {
        "a.csv.gz": gzip.compress(files["a.csv"]),
        "a.jsonl.bz2": bz2.compress(lines),
        "a.xz": lzma.compress(lines),
    }
    files["a.jsonl.zst"] = pa.Codec("zstd").compress(lines, asbytes=True)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("one.csv", files["a.csv"])
        archive.writestr("two.jsonl", lines)
    files["a.zip"] = out.getvalue()
    for name, write in (("a.parquet", parquet.write_table), ("a.feather", feather.write_feather)):
        out = io.BytesIO()
        write(pa.Table.from_pylist(rows), out)
        files[name] = out.getvalue()
    book, out = openpyxl.Workbook(), io.BytesIO()
    for row in (list(rows[0]), *(list(row.values()) for row in rows)):
        book.active.append(row)
    book.save(out)
    files["a.xlsx"] = out.getvalue()
    return files


IN_PROCESS = ["a.csv", "a.jsonl", "a.json", "a.csv.gz", "a.jsonl.bz2", "a.xz", "a.jsonl.zst", "a.zip"]
APART = ["a.parquet", "a.feather", "a.xlsx"]


@pytest.mark.parametrize("name", [*IN_PROCESS, *APART])
def test_every_cell_of_a_good_file_comes_back(name):
    table = answer(valid()[name], name)
    assert table is not None
    assert [str(row["n"]) for row in table.rows[:20]] == [str(n) for n in range(20)]
    assert table.rows[7]["text"] == "Text, 7 — «café»"


@pytest.mark.parametrize("name", IN_PROCESS)
@usual
@given(data=st.data())
def test_a_damaged_file_gives_a_table_or_a_refusal(name, data):
    answer(mutated(valid()[name], data.draw), name)


@pytest.mark.parametrize("name", APART)
@costly
@given(data=st.data())
def test_a_damaged_binary_file_gives_a_table_or_a_refusal(name, data):
    answer(mutated(valid()[name], data.draw), name)


@usual
@given(shapes, st.sampled_from([",", "\t", ";", "|"]), st.sampled_from(["\n", "\r\n", "\r"]))
def test_every_cell_written_as_csv_comes_back(rows, separator, line_end):
    rows = [[cell.replace("\r", "").replace("\n", line_end) for cell in row] for row in rows]
    rows = [row for row in rows if any(cell.strip() for cell in row)] or [["a"] * len(rows[0])]
    out = io.StringIO()
    columns = [f"name {n}" for n in range(len(rows[0]))]
    csv.writer(out, delimiter=separator, quoting=csv.QUOTE_ALL, lineterminator=line_end).writerows([columns, *rows])
    assume(not is_binary(out.getvalue().encode()[:4096]))
    table = answer(out.getvalue().encode(), "a.csv")
    assert table is not None
    assert [list(row.values()) for row in table.rows] == rows


@usual
@given(st.lists(st.dictionaries(st.sampled_from(["a", "b", "c"]), cells, min_size=1), min_size=2), st.booleans())
def test_every_field_written_as_json_lines_comes_back(rows, escaped):
    content = "".join(json.dumps(row, ensure_ascii=escaped) + "\n" for row in rows)
    table = answer(content.encode(), "a.jsonl")
    assert table is not None
    assert [{key: cell for key, cell in row.items() if cell is not None} for row in table.rows] == rows


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | cells,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(cells, inner, max_size=3),
    max_leaves=8,
)


def as_typed(value):
    """The value with each number as the text that JSON writes for it."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, list):
        return [as_typed(part) for part in value]
    if isinstance(value, dict):
        return {key: as_typed(part) for key, part in value.items()}
    return json.dumps(value)


@usual
@given(st.lists(values, min_size=2, max_size=6), st.sampled_from(["a.jsonl", "a.json"]))
def test_every_value_of_json_comes_back_with_its_numbers_as_they_were_typed(parts, name):
    rows = [{"id": str(number), "value": value} for number, value in enumerate(parts)]
    content = json.dumps(rows) if name == "a.json" else "\n".join(map(json.dumps, rows))
    table = answer(content.encode(), name)
    assert table is not None
    if table.columns == ("id", "value"):  # a list of one object, row for row, gives way to its fields
        assert table.rows == as_typed(rows)
