import csv
import io
import json

import pytest

from core.dataset.files.read import parse_table
from core.errors import DataError

WORDS = ["NA", "null", "None", "nan", "007", "1e5", "1.10", "true", "", " x ", "-0", "2024-01-01"]


def parse(content, name="data.csv"):
    return parse_table(content if isinstance(content, bytes) else content.encode(), name)


def refusal(content, name="data.csv"):
    with pytest.raises(DataError) as caught:
        parse(content, name)
    assert caught.value.fix
    assert name in caught.value.what
    return caught.value.what


def as_csv(rows, **dialect):
    out = io.StringIO()
    csv.writer(out, **dialect).writerows(rows)
    return out.getvalue()


# -- what stays what it is ---------------------------------------------------------------------------------------------


def test_text_that_looks_like_something_else_stays_text():
    table = parse(as_csv([["text", "label"], *([word, "a"] for word in WORDS)]))
    assert [row["text"] for row in table.rows] == WORDS


def test_json_numbers_keep_their_digits():
    table = parse('[{"id": 12345678901234567890123, "score": 1e5, "odd": NaN, "flag": true, "none": null}]', "a.json")
    assert table.rows == [{"id": "12345678901234567890123", "score": "1e5", "odd": "NaN", "flag": True, "none": None}]


def test_a_number_of_ten_thousand_digits_is_read_like_any_other():
    assert parse('[{"n": ' + "7" * 10_000 + "}]", "a.json").rows == [{"n": "7" * 10_000}]


@pytest.mark.parametrize("separator", [",", "\t", ";", "|", "^", "~", "\x1f", "\x01"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_any_separator_quoting_and_line_end_give_the_same_rows(separator, quoting, line_end):
    inner = f"two{line_end}lines\tand a tab"
    rows = [["text", "label"], ['He said "no", twice; or | thrice', "a b"], [inner, "b"], ["~ ^", "c"]]
    table = parse(as_csv(rows, delimiter=separator, quoting=quoting, lineterminator=line_end))
    assert table.columns == ("text", "label")
    assert [list(row.values()) for row in table.rows] == rows[1:]


def test_backslash_and_single_quotes_are_understood():
    assert parse('text,label\n"He said \\"no, never\\" twice",a\n').rows == [
        {"text": 'He said "no, never" twice', "label": "a"}
    ]
    assert parse("'text','label'\n'a, b','it''s'\n").rows == [{"text": "a, b", "label": "it's"}]


def test_quotes_in_an_unquoted_tab_separated_file_are_text():
    assert parse('text\tlabel\n"open only\ta\nno\tb\n', "a.tsv").rows[0] == {"text": '"open only', "label": "a"}


def test_blank_lines_and_nameless_empty_columns_are_passed_over():
    table = parse("text,label,,\n\na,b,,\n\n\nc,d,,\n")
    assert table.columns == ("text", "label")
    assert table.rows == [{"text": "a", "label": "b"}, {"text": "c", "label": "d"}]


def test_the_separator_that_excel_declares_is_obeyed():
    assert parse("sep=;\r\na;b\r\n1,5;2\r\n").rows == [{"a": "1,5", "b": "2"}]


# -- what is refused ---------------------------------------------------------------------------------------------------


def test_an_empty_file_is_refused():
    for content in (b"", b"\n \n", b"\xef\xbb\xbf"):
        for name in ("data.csv", "data.json", "data.jsonl", "data.txt"):
            assert "empty" in refusal(content, name) or "plain text" in refusal(content, name)


def test_a_header_without_rows_is_refused():
    assert "has column names (text, label) and no rows" in refusal("text,label\n")
    for content in ("[]", "{}", '{"data": []}', '{"text": [], "label": []}'):
        refusal(content, "a.json")


def test_a_ragged_row_is_named_with_its_line():
    what = refusal('text,label\n"two\nlines",a\nb,c\nd,e,f\ng,h\n')
    assert "Row 3 of data.csv (line 5) has 3 cells, and the first line names 2 columns" in what
    what = refusal("text,label\nalone\nb,c\nd,e\nalone too\n")
    assert "Row 1 of data.csv (line 2) has 1 cell," in what
    assert "So it is with rows 1 and 4." in what


def test_a_few_rows_that_lack_cells_are_filled_and_a_note_names_them():
    table = parse("text,label,why\na,b,c\nd,e\n" + "f,g,h\n" * 98)
    assert table.rows[1] == {"text": "d", "label": "e", "why": ""}
    assert table.notes == ("Row 2 of data.csv (line 3) lacks cells, which stay empty.",)
    rows = "a,b\n" * 300
    table = parse(f"text,label\n{rows}c\n{rows}d\ne\n")
    assert table.notes == ("Rows 301, 602 and 603 of data.csv (lines 302, 603, 604) lack cells, which stay empty.",)
    assert "has 1 cell" in refusal("text,label\n" + "a,b\n" * 97 + "c\n" * 3)


def test_a_row_with_a_cell_too_many_is_refused_unless_the_cell_is_empty():
    assert "Row 3 of data.csv (line 4) has 3 cells" in refusal("text,label\na,b\nc,d\ne, or f,g\n" + "h,i\n" * 500)
    table = parse("text,label\na,b\nc,d,,\n  ,  \n \ne,f\n")
    assert [row["text"] for row in table.rows] == ["a", "c", "  ", "e"]
    assert table.notes == ("Row 2 of data.csv ends in separators too many, which were left out.",)


def test_a_short_row_that_swallowed_lines_is_refused():
    assert "Row 2 of data.csv (line 3) has 1 cell" in refusal('text,label\na,b\n"c,d\ne"\n' + "f,g\n" * 500)


def test_an_unclosed_quote_is_named_where_it_opens():
    what = refusal('text,label\na,b\n"c,d\ne,f\ng,h\n')
    assert "Row 2 of data.csv (line 3) opens a quote that is never closed" in what


def test_text_after_a_closing_quote_is_named():
    assert "Row 2 of data.csv (line 3) has text after a closing quote" in refusal('text,label\na,b\n"c" d,e\n')


def test_a_nul_character_is_named_with_its_row():
    assert "Row 2 of data.csv (line 3) holds a NUL" in refusal("text,label\na,b\nc\0c,d\n" + "e,f\n" * 50)
    assert "Row 2 of a.jsonl, column 'text', holds a NUL" in refusal(
        '{"text": "a", "label": "b"}\n{"text": "c\\u0000", "label": "d"}\n', "a.jsonl"
    )


def test_half_a_surrogate_pair_is_named_with_its_row():
    good, bad = '{"text": "\\ud83d\\ude00"}', '{"text": "\\ud83d alone"}'
    assert parse(good, "a.jsonl").rows == [{"text": "\U0001f600"}]
    assert "Row 2 of a.jsonl, column 'text', holds half of a surrogate" in refusal(f"{good}\n{bad}\n", "a.jsonl")
    assert "Line 2 of data.csv holds half of a surrogate" in refusal(b"text,label\n\xed\xa0\xbd,b\n")


@pytest.mark.parametrize("depth", [40, 900, 5000, 100_000])
@pytest.mark.parametrize("around", ['[{"text": "a"}, {"text": %s}]', '{"text": "a"}\n{"text": %s}'])
def test_deep_json_is_refused_with_its_row(depth, around):
    assert "Row 2 of deep.json" in refusal(around % ("[" * depth + "]" * depth), "deep.json")
    assert "Row 2 of deep.json" in refusal(around % ('{"a":' * depth + "1" + "}" * depth), "deep.json")


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ('[{"text": "a"},\n {"text": "b",}]', "Row 2 of a.json is not valid JSON"),
        ('[{"text": "a"}\n {"text": "b"}]', "Row 1 of a.json is not valid JSON: a comma or ']' is missing"),
        ('[{"text": "a"},\n', "Row 2 of a.json"),
        ('[{"text": "a"}', "Row 1 of a.json is not valid JSON: the closing ']' is missing"),
        ('[{"text": "a"}] more', "something follows"),
        ('{"text": "a"}\n{"text": "b"\n{"text": "c"}\n', "Row 2 of a.json"),
        ('{"text": "a"}\nplain\n', "Row 2 of a.json"),
        ('[{"text": "a"}, 7]', "Row 2 of a.json is a single value"),
        ('[{"text": "a"}, ["b"]]', "Row 2 of a.json is a list"),
        ('"just text"', "Row 1 of a.json is a single value"),
        ('{"text": ["a", "b"], "label": ["c"]}', "'text' has 2, 'label' has 1"),
    ],
)
def test_json_errors_name_the_row(content, place):
    assert place in refusal(content, "a.json")


def test_two_columns_of_one_name_are_refused():
    assert "more than one column called 'text'" in refusal("text,text\na,b\n")


def test_documents_and_pictures_are_refused():
    assert "PDF" in refusal(b"%PDF-1.7\n", "a.csv")
    assert "7-Zip" in refusal(b"7z\xbc\xaf\x27\x1c\0\4", "a.csv")
    assert "web page" in refusal("\n<!DOCTYPE html><html>", "a.csv")
    assert "not a text file" in refusal(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a.csv")
    assert "not a text file" in refusal(bytes(range(1, 30)) * 20, "a.txt")


# -- JSON shapes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        '[{"text": "a", "label": "x"}, {"text": "b", "label": "y"}]',
        '{"data": [{"text": "a", "label": "x"}, {"text": "b", "label": "y"}]}',
        '{"version": 1, "entries": [{"text": "a", "label": "x"}, {"text": "b", "label": "y"}]}',
        '{"text": ["a", "b"], "label": ["x", "y"]}',
        '{"text": {"0": "a", "1": "b"}, "label": {"0": "x", "1": "y"}}',
        '{"text": "a", "label": "x"}\n\n{"text": "b", "label": "y"}\n',
        '{"text": "a",\n "label": "x"}\n{"text": "b",\n "label": "y"}',
    ],
)
@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.txt", "upload"])
def test_every_usual_shape_of_json_gives_the_same_rows(content, name):
    assert parse(content, name).rows == [{"text": "a", "label": "x"}, {"text": "b", "label": "y"}]


def test_rows_may_lack_fields():
    assert parse('{"a": "1"}\n{"b": "2"}\n', "a.jsonl").rows == [{"a": "1", "b": None}, {"a": None, "b": "2"}]


def test_a_list_of_one_object_gives_way_to_its_fields():
    rows = [{"instruction": str(n), "instances": [{"input": "i", "output": "o"}]} for n in range(3)]
    assert parse(json.dumps(rows), "a.json").rows[1] == {"instruction": "1", "input": "i", "output": "o"}
