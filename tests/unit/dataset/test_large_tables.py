"""Tables of many rows: a glance decides their format, and their examples take no memory until they are looked at."""

import json

from core.dataset.detect import rank
from core.dataset.examples import AT_ONCE, Examples, read_examples
from core.dataset.formats.columns import LOOK_AT, Columns
from core.dataset.table import Table

MAPPING = {"prompt": "prompt", "completion": "completion"}


def table_of(rows):
    made = [{"prompt": f"What is {n} and one?", "completion": "" if n % 10 == 3 else str(n + 1)} for n in range(rows)]
    return Table(("prompt", "completion"), made, "utf-8")


def test_a_large_tables_examples_are_those_of_a_small_one():
    large = table_of(AT_ONCE + 10)
    lazy = read_examples(large, "prompt_completion", MAPPING, "Say.")
    small = read_examples(Table(large.columns, large.rows[:100], "utf-8"), "prompt_completion", MAPPING, "Say.")
    assert isinstance(lazy.examples, Examples)
    assert isinstance(small.examples, tuple)
    assert tuple(lazy.examples[:90]) == small.examples
    assert len(lazy.examples) == 45_009
    assert len(list(lazy.examples)) == 45_009
    assert lazy.examples[-1] == list(lazy.examples)[-1]
    assert [unfit.row for unfit in lazy.unfit][:3] == [4, 14, 24]
    assert lazy.unfit[: len(small.unfit)] == small.unfit


def test_rows_keep_the_numbers_of_their_file():
    large = table_of(AT_ONCE + 10)
    numbered = Table(large.columns, large.rows, "utf-8", numbers=tuple(range(101, 101 + len(large.rows))))
    reading = read_examples(numbered, "prompt_completion", MAPPING, "")
    assert (reading.examples[0].row, reading.unfit[0].row) == (101, 104)


def test_only_some_rows_of_a_large_table_are_looked_at_and_always_the_same():
    rows = [{"text": f"This is text number {n} of many.", "label": "ab"[n % 2]} for n in range(LOOK_AT * 4)]
    table = Table(("text", "label"), rows, "utf-8")
    one, other = Columns(table), Columns(table)
    assert len(one.rows) == LOOK_AT
    assert one.rows == other.rows
    found = rank(table)
    assert found[0].format == "labelled_text"
    assert "2 different short values in 5,000 rows that were looked at" in found[0].because
    assert found == rank(table)


def test_whoever_ranks_formats_never_reads_the_rows_that_nobody_drew():
    class Forbidden(dict):
        def __getitem__(self, key):
            raise AssertionError(f"row {json.dumps(dict(self))} was read")

    rows = [{"prompt": f"Question {n}?", "completion": "yes"} for n in range(LOOK_AT * 2)]
    drawn = {id(row) for row in Columns(Table(("prompt", "completion"), rows, "utf-8")).rows}
    guarded = [row if id(row) in drawn else Forbidden(row) for row in rows]
    assert rank(Table(("prompt", "completion"), guarded, "utf-8"))
