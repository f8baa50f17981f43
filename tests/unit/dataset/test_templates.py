"""Several columns as one part: a template in the place of a column's name."""

import pytest

from core.dataset.detect import columns_of, resolve
from core.dataset.examples import read_examples
from core.dataset.formats import FORMATS
from core.dataset.formats.templates import fields, fill
from core.dataset.table import Table, make_table
from core.errors import SettingsError


def table_of(*rows):
    return make_table([dict(row) for row in rows], "utf-8", "a.jsonl")


MAIL = {"Mail Title": "Lost card", "body": "Where is it?", "team": "cards"}


def test_columns_are_joined_as_the_template_says():
    reading = read_examples(table_of(MAIL), "labelled_text", {"text": "{mail_title}\n\n{Body}", "label": "team"}, "")
    assert reading.examples[0].prompt == "Lost card\n\nWhere is it?"


@pytest.mark.parametrize(
    ("template", "cells", "text"),
    [
        ("{a}\n\n{b}", {"a": "", "b": "x"}, "x"),
        ("{a}\n\n{b}", {"a": "x", "b": None}, "x"),
        ("{a}\n\n{b}\n\n{c}", {"a": "x", "b": " ", "c": "y"}, "x\n\ny"),
        ("A: {a}\nB: {b}\nC: {c}", {"a": "x", "b": "", "c": "y"}, "A: x\nC: y"),
        ("{a} {b}", {"a": "", "b": "x"}, "x"),
        ("Read this.\n\n{a}", {"a": "x"}, "Read this.\n\nx"),
        ("Read this.\n\n{a}", {"a": ""}, ""),
        ("{a}", {"a": "one\n\n\ntwo {b}"}, "one\n\n\ntwo {b}"),
        ("{a}", {"a": ["x", 1]}, '["x", 1]'),
    ],
)
def test_an_empty_cell_leaves_no_blank_lines_behind(template, cells, text):
    assert fill(template, cells) == text


def test_a_row_whose_columns_are_all_empty_is_unfit_and_names_them():
    table = table_of(MAIL, {"Mail Title": "", "body": " ", "team": "loans"})
    reading = read_examples(table, "labelled_text", {"text": "{Mail Title}\n{body}", "label": "team"}, "")
    assert [(unfit.row, unfit.column, unfit.why) for unfit in reading.unfit] == [(2, "Mail Title, body", "")]


def test_an_unknown_column_in_braces_is_named_with_the_nearest():
    with pytest.raises(SettingsError) as caught:
        resolve(FORMATS["labelled_text"], {"text": "{titel}: {body}", "label": "team"}, table_of({"title": "x"} | MAIL))
    assert caught.value.problems == {"mapping.text": "there is no column 'titel'; did you mean 'title'?"}


def test_a_label_cannot_stand_in_the_text_as_well():
    with pytest.raises(SettingsError, match="'team' is taken by another part"):
        resolve(FORMATS["labelled_text"], {"text": "{body} {team}", "label": "team"}, table_of(MAIL))


def test_a_column_whose_name_has_braces_is_a_column():
    table = Table(("{x}", "y"), [{"{x}": "text", "y": "kind"}], "utf-8")
    mapping = {"text": "{x}", "label": "y"}
    assert resolve(FORMATS["labelled_text"], mapping, table) == mapping
    assert read_examples(table, "labelled_text", mapping, "").examples[0].prompt == "text"


def test_the_columns_of_a_mapping_are_those_it_uses():
    mapping = {"text": "{b}: {a}", "label": "c", "system": ""}
    assert columns_of(mapping, ("a", "b", "c", "d")) == ("b", "a", "c")
    assert fields("no template") == ()
