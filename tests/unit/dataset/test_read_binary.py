import datetime
import io
import zipfile

import pytest

from core.dataset.files.read import parse_table, read_table, sheets
from core.dataset.files.source import open_source
from core.dataset.load import choose, read_file
from core.errors import DataError


def workbook(tables):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in tables.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def refusal(content, name):
    with pytest.raises(DataError) as caught:
        parse_table(content, name)
    assert caught.value.fix
    return caught.value.what


ROWS = [["text", "label"], ["a", "x"], ["b", "y"]]


def test_cells_of_a_workbook_are_the_text_that_a_spreadsheet_shows():
    cells = [
        7.0,
        7,
        0.1 + 0.2,
        1e15,
        True,
        datetime.date(2024, 5, 8),
        datetime.datetime(2024, 5, 8, 12, 30),
        "007",
        "NA",
    ]
    table = parse_table(workbook({"S": [["kind", "cell"], *(["k", cell] for cell in cells)]}), "a.xlsx")
    shown = ["7", "7", "0.3", "1e+15", "TRUE", "2024-05-08", "2024-05-08 12:30:00", "007", "NA"]
    assert [row["cell"] for row in table.rows] == shown
    assert table.encoding == ""
    assert table.notes == ()


def test_the_first_sheet_with_rows_is_taken_and_a_note_names_the_others(tmp_path):
    content = workbook({"Cover": [["My data"]], "Empty": [], "Data": ROWS, "More": [["text", "label"], ["c", "z"]]})
    table = parse_table(content, "a.xlsx")
    assert table.rows == [{"text": "a", "label": "x"}, {"text": "b", "label": "y"}]
    assert table.notes == ("The sheet 'Data' of a.xlsx was taken; there are also 'Cover', 'Empty', 'More'.",)
    assert parse_table(content, "a.xlsx", sheet="More").rows == [{"text": "c", "label": "z"}]
    with pytest.raises(DataError, match="no sheet called 'Nowhere'") as caught:
        parse_table(content, "a.xlsx", sheet="Nowhere")
    assert "'Cover', 'Empty', 'Data', 'More'" in caught.value.fix
    (tmp_path / "a.xlsx").write_bytes(content)
    assert sheets(tmp_path / "a.xlsx") == ("Cover", "Empty", "Data", "More")
    source = open_source(tmp_path / "a.xlsx", tmp_path / "home")
    assert source.files["train"].name == "train.xlsx"
    assert choose(source, "More").sheet == "More"
    assert read_file(source, "train", "More").rows[0]["text"] == "c"


def test_a_title_page_before_the_table_is_passed_over():
    page = [["Export of the help desk"], ["Made by", "Jo"], ["Do not change"]]
    rows = [["text", "label"], *(["a", "x"] for _ in range(20))]
    longer = [["text", "label"], *(["b", "y"] for _ in range(90))]
    table = parse_table(workbook({"Read me": page, "Tickets": rows, "Older": longer}), "a.xlsx")
    assert (len(table.rows), table.rows[0]) == (20, {"text": "a", "label": "x"})


def test_empty_rows_columns_and_a_title_around_a_table_are_passed_over_with_a_note():
    rows = [
        [],
        [None, "Export of May"],
        [None, "text", None, "label", None],
        [None, "a", None, "x"],
        [],
        [None, "b", None, "y"],
        [],
    ]
    table = parse_table(workbook({"S": rows}), "a.xlsx")
    assert table.rows == [{"text": "a", "label": "x"}, {"text": "b", "label": "y"}]
    assert table.notes == (
        "2 empty rows of the sheet were passed over.",
        "The line 'Export of May' above the column names was taken for a title and left out.",
    )


def test_a_workbook_without_rows_or_with_two_columns_of_one_name_is_refused():
    assert "holds no rows below its column names" in refusal(workbook({"S": ROWS[:1]}), "a.xlsx")
    assert "more than one column called 'text'" in refusal(workbook({"S": [["text", "text"], ["a", "b"]]}), "a.xlsx")


def test_a_damaged_workbook_is_refused():
    whole = workbook({"S": ROWS})
    for broken in (whole[:-40], whole[:200], whole.replace(b"xl/workbook", b"xl/workbxxk")):
        refusal(broken, "a.xlsx")
    assert "a workbook" in refusal(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "a.xls")


def test_a_workbook_that_would_fill_the_memory_is_refused():
    whole = zipfile.ZipFile(io.BytesIO(workbook({"S": ROWS})))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in whole.namelist():
            part = whole.read(name)
            if name.endswith("sheet1.xml"):  # two cells, as far apart as can be
                far = b'<row r="1048576"><c r="XFD1048576" t="n"><v>1</v></c></row></sheetData>'
                part = part.replace(b"</sheetData>", far).replace(b'ref="A1:B3"', b'ref="A1:XFD1048576"')
            archive.writestr(name, part)
    assert "memory" in refusal(out.getvalue(), "a.xlsx")


def test_a_word_document_is_named_and_told_what_to_do():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", "<x/>")
        archive.writestr("word/document.xml", "<x/>")
    assert "a Word document" in refusal(out.getvalue(), "a.docx")
    assert "password" in refusal(b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le"), "a.xlsx")


def open_document(rows):
    cells = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>' for cell in row
        )
        + "</table:table-row>"
        for row in rows
    )
    names = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    content = (
        f'<?xml version="1.0"?><office:document-content {names}><office:body><office:spreadsheet>'
        f'<table:table table:name="S">{cells}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        kind = "application/vnd.oasis.opendocument.spreadsheet"
        archive.writestr(
            "META-INF/manifest.xml",
            '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
            f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/></manifest:manifest>',
        )
    return out.getvalue()


def test_an_open_document_sheet_is_read():
    assert parse_table(open_document(ROWS), "a.ods").rows == [{"text": "a", "label": "x"}, {"text": "b", "label": "y"}]


@pytest.mark.parametrize("shape", ["file", "stream", "feather"])
@pytest.mark.parametrize("compression", [None, "zstd", "lz4"])
def test_arrow_files_and_streams_are_read(shape, compression, tmp_path):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import feather

    table = pa.table({"text": ["NA", "007"], "n": [1, None], "turns": [[{"role": "user"}], []]})
    path = tmp_path / "a.arrow"
    options = pa.ipc.IpcWriteOptions(compression=compression)
    if shape == "feather":
        feather.write_feather(table, path, compression=compression or "uncompressed")
    else:
        new = pa.ipc.new_file if shape == "file" else pa.ipc.new_stream
        with new(path, table.schema, options=options) as writer:
            writer.write_table(table)
    assert read_table(path).rows == [
        {"text": "NA", "n": 1, "turns": [{"role": "user"}]},
        {"text": "007", "n": None, "turns": []},
    ]
    for cut in (12, 100):
        refusal(path.read_bytes()[:cut], "a.arrow")


def test_dates_numbers_and_bytes_of_parquet_become_what_text_can_hold(tmp_path):
    pa = pytest.importorskip("pyarrow")
    from decimal import Decimal

    from pyarrow import parquet

    cells = [datetime.date(2024, 5, 8), Decimal("1.50"), b"caf\xc3\xa9", float("nan"), datetime.timedelta(hours=1)]
    table = pa.table({f"c{n}": pa.array([cell]) for n, cell in enumerate(cells)})
    parquet.write_table(table, tmp_path / "a.parquet")
    assert list(read_table(tmp_path / "a.parquet").rows[0].values()) == ["2024-05-08", "1.50", "café", None, "1:00:00"]


def test_parquet_with_two_columns_of_one_name_is_refused(tmp_path):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(pa.table([["a"], ["b"]], names=["text", "text"]), tmp_path / "a.parquet")
    with pytest.raises(DataError, match="more than one column"):
        read_table(tmp_path / "a.parquet")
