"""Numbers, sizes and times as people read them."""

import pytest

from ui import words


@pytest.mark.parametrize(
    ("value", "told"),
    [(None, "–"), (0.0, "0"), (3, "3"), (12345, "12,345"), (0.123456, "0.123"), (5.8, "5.80"), (1234.5, "1,234")],
)
def test_a_number_has_three_significant_digits(value, told):
    assert words.number(value) in {told, told.replace("1,234", "1,235")}


def test_a_tiny_number_is_written_with_its_exponent():
    assert words.number(2e-5) == "2e-5"


@pytest.mark.parametrize(
    ("value", "told"), [(9.4e6, "9.4 MB"), (1.23e9, "1.2 GB"), (900, "900 bytes"), (45e6, "45.0 MB")]
)
def test_a_size_takes_the_unit_that_reads_best(value, told):
    assert words.size(value) == told


@pytest.mark.parametrize(("seconds", "told"), [(5, "5 s"), (200, "3 min 20 s"), (660, "11 min"), (7500, "2 h 5 min")])
def test_a_duration_reads_like_speech(seconds, told):
    assert words.duration(seconds) == told


def test_time_left_is_one_figure_where_both_ends_read_the_same():
    assert words.time_left(31, 32) == "about 30 s left"
    assert words.time_left(70, 200) == "1 min to 3 min left"


def test_a_difference_carries_its_sign_and_zero_has_none():
    assert (words.signed(31.2), words.signed(-4.4), words.signed(0.2)) == ("+31", "−4", "0")


def test_one_row_is_not_rows():
    assert (words.counted(1, "row"), words.counted(1200, "row")) == ("1 row", "1,200 rows")


def test_encodings_are_written_as_people_write_them():
    names = ["utf-8-sig", "windows-1252", "gb18030", "shift-jis"]
    assert [words.encoding(name) for name in names] == ["UTF-8", "Windows-1252", "GB18030", "SHIFT-JIS"]
