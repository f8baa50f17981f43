import csv
import io
import json

import pytest

from core.dataset.files.read import parse_table
from core.errors import DataError


def parse(content, name="data.csv"):
    return parse_table(content if isinstance(content, bytes) else content.encode(), name)


def refusal(content, name="data.csv"):
    with pytest.raises(DataError) as caught:
        parse(content, name)
    return caught.value.what


def as_csv(rows):
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


# -- encodings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "called"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16"),
        ("utf-16-be", "utf-16"),
        ("utf-32", "utf-32"),
        ("windows-1252", "windows-1252"),
    ],
)
@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_each_encoding_is_recognised_and_named(encoding, called, name):
    row = {"text": "Grüße, 5 € – “naïve”", "label": "schön"}
    text = as_csv([row.keys(), row.values()]) if name == "a.csv" else json.dumps(row, ensure_ascii=False)
    table = parse(text.encode(encoding), name)
    assert table.rows == [row]
    assert table.encoding == called


def test_latin_1_is_read_as_its_superset():
    assert parse("text,label\ncafé,à\n".encode("latin-1")).rows == [{"text": "café", "label": "à"}]


@pytest.mark.parametrize(
    ("called", "codec", "text"),
    [
        ("windows-1251", "cp1251", "Привет, это обычный русский текст о погоде и договорах"),
        ("koi8-r", "koi8-r", "Сегодня хорошая погода, и мы идём гулять в парк"),
        ("windows-1250", "cp1250", "Zażółć gęślą jaźń, książka leży na stole, łódź płynie"),
        ("windows-1253", "cp1253", "Καλημέρα, τι κάνετε σήμερα; Η Αθήνα είναι πρωτεύουσα"),
        ("shift-jis", "cp932", "今日は良い天気ですね。散歩に行きましょう。東京は大きな都市です"),
        ("gb18030", "gbk", "今天天气很好，我们去公园散步吧，北京是中国的首都"),
        ("big5", "big5", "今天天氣很好，我們去公園散步吧，台北是一個城市"),
        ("euc-kr", "cp949", "오늘 날씨가 좋습니다. 서울은 큰 도시입니다"),
    ],
)
def test_text_that_is_neither_unicode_nor_western_is_told_by_its_letters(called, codec, text):
    table = parse(f"text\tlabel\n{text}\ta\n".encode(codec))
    assert table.rows == [{"text": text, "label": "a"}]
    assert table.encoding == called
    assert table.notes == (f"data.csv does not say how its letters are written; they make sense as {called}.",)


@pytest.mark.parametrize(
    "text",
    ["L’été dernier, j’ai créé à l’école une œuvre… déçue", "¿Qué pasó? ¡Olé! España – niño", "Ærø, Øl, Åse; 5 €"],
)
def test_western_text_is_not_taken_for_anything_else(text):
    table = parse("text\tlabel\n" + f"{text}\ta\n".encode("cp1252").decode("cp1252") * 3, "a.tsv")
    assert table.notes == ()
    assert parse(f"text\tlabel\n{text}\ta\n".encode("cp1252"), "a.tsv").encoding == "windows-1252"


def mixed(lines, strays, stray=b"\x93Caf\xe9\x94 5 \x80,b"):
    """UTF-8 of so many lines, those with the numbers in `strays` in Windows-1252."""
    told = "Grüße aus Köln,ä".encode()
    return b"".join((stray if n in strays else told if n > 1 else b"text,label") + b"\n" for n in range(1, lines + 1))


def test_utf_8_with_a_few_lines_of_windows_1252_is_read_and_the_lines_are_told():
    table = parse(mixed(300, {113, 200, 300}))
    assert [table.rows[place]["text"] for place in (110, 111, 198, 298)] == ["Grüße aus Köln", *["“Café” 5 €"] * 3]
    assert table.encoding == "utf-8"
    assert table.notes == (
        "3 lines of data.csv hold bytes that are not UTF-8, which were read as letters of Windows-1252: "
        "lines 113, 200, 300.",
    )


def mixed_json(lines, strays):
    return b"".join(
        json.dumps({"text": f"Grüße {n}", "label": "ä"}, ensure_ascii=False).encode(
            "cp1252" if n in strays else "utf-8"
        )
        + b"\n"
        for n in range(1, lines + 1)
    )


@pytest.mark.parametrize("begin", [b"", b"\xef\xbb\xbf"])
def test_a_stray_line_of_json_lines_is_read_as_well(begin):
    table = parse(begin + mixed_json(250, {2, 7}), "a.jsonl")
    assert [row["text"] for row in table.rows] == [f"Grüße {n}" for n in range(1, 251)]
    assert "lines 2, 7." in table.notes[0]


def test_a_stray_line_of_plain_text_is_read_as_well():
    text = "Schöne Grüße.\n\n".encode() * 5 + "Schöne Grüße.".encode("cp1252")
    table = parse(text, "a.md")
    assert table.rows[0]["text"].count("Schöne Grüße.") == 6
    assert "line 11." in table.notes[-1]


def test_one_stray_line_may_be_in_a_short_file_and_no_two():
    assert parse(mixed(20, {3})).rows[1]["text"] == "“Café” 5 €"
    assert "Line 3 of data.csv is not readable" in refusal(mixed(20, {3, 9}))


def test_strays_on_more_than_a_hundredth_of_the_lines_are_refused():
    assert len(parse(mixed(500, {*range(9, 14)})).rows) == 499
    assert "Line 9 of data.csv is not readable as UTF-8 text" in refusal(mixed(500, {*range(9, 15)}))


def test_bytes_that_windows_1252_does_not_know_become_the_sign_of_a_lost_letter():
    assert parse(mixed(200, {7}, b"a\x81b\x9d,\xff")).rows[5] == {"text": "a\ufffdb\ufffd", "label": "ÿ"}


def test_a_letter_that_is_cut_off_at_the_end_is_told():
    table = parse(mixed(200, {200}, "ab,ä".encode()[:-1]).rstrip(b"\n"))
    assert table.rows[-1] == {"text": "ab", "label": "Ã"}
    assert "line 200." in table.notes[0]


@pytest.mark.parametrize("ahead", [*range(65520, 65537)])
def test_a_stray_beside_the_border_of_two_pieces_is_told_once(ahead):
    head = b"text,label\n" + b"x" * (ahead - 11 - 3) + b",b\n"
    table = parse(head + "ä".encode() + b"\xe9\xe4" + "€€,b\n".encode() + mixed(200, set())[11:])
    assert table.rows[1]["text"] == "äéä€€"
    assert "1 line of data.csv holds" in table.notes[0]
    assert "line 3." in table.notes[0]


def test_half_a_surrogate_pair_is_no_stray():
    assert "Line 7 of data.csv holds half of a surrogate pair" in refusal(mixed(500, {7}, b"a\xed\xa0\xbd,b"))
    assert "Line 9 of data.csv" in refusal(mixed(900, {9}) + mixed(500, {7}, b"a\xed\xa0\xbd,b"))


def test_bytes_of_no_encoding_are_refused_with_their_line():
    assert "Line 2 of data.csv" in refusal(b"text,label\n\x81\x8d\x8f,b\n")


# -- plain text ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.txt", "a.md"])
@pytest.mark.parametrize(
    "text",
    [
        "Once upon a time there was a king, who had a daughter. " * 9,
        "One line\nAnother line\n",
        "[1] One, two.\nThree.",
    ],
)
def test_plain_text_becomes_passages(text, name):
    table = parse(text, name)
    assert table.columns == ("text",)
    assert [row["text"] for row in table.rows] == [text.strip()]
    assert table.notes == (f"{name} is plain text and became 1 passage.",)


def test_a_table_that_ends_in_txt_is_a_table():
    assert parse("text\tlabel\na, b\tc\n", "a.txt").rows == [{"text": "a, b", "label": "c"}]
    assert parse("question;answer\nWhy, oh why?;Because.\n", "a.txt").rows[0]["answer"] == "Because."


def test_long_text_is_cut_where_a_paragraph_ends_and_a_note_says_so():
    paragraph = "The quick brown fox jumps over the lazy dog. " * 30
    text = "\r\n\r\n".join(f"{n} {paragraph}".strip() for n in range(20))
    table = parse(text, "tale.txt")
    passages = [row["text"] for row in table.rows]
    assert len(passages) == 10
    assert max(map(len, passages)) <= 4000
    assert "\n\n".join(passages) == text.replace("\r\n", "\n")
    assert table.notes == (
        "tale.txt is plain text and became 10 passages, cut where a paragraph ends at about 4,000 characters.",
    )


@pytest.mark.parametrize("text", ["word " * 5000, "A sentence. " * 2000, "x" * 9000, "line\n" * 3000])
def test_a_paragraph_that_is_too_long_is_cut_without_losing_a_word(text):
    passages = [row["text"] for row in parse(text, "a.md").rows]
    assert max(map(len, passages)) <= 4000
    assert "".join("".join(passages).split()) == "".join(text.split())
