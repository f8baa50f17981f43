import csv
import json
import subprocess
import sys

import pytest

from core.dataset.files.source import SAMPLES, open_source
from core.dataset.glance import glance
from core.dataset.load import choose, inspect, load
from core.errors import DataError, SettingsError


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture
def make(tmp_path, home):
    def make(rows, name="data.csv", **files):
        folder = tmp_path / "upload"
        folder.mkdir(exist_ok=True)
        for file, content in {name: rows, **{f"{role}.csv": more for role, more in files.items()}}.items():
            with (folder / file).open("w", newline="") as out:
                csv.writer(out).writerows([["text", "label"], *content])
        return open_source(folder if files else folder / name, home)

    return make


def pairs(number=40, labels=("bill", "card")):
    return [(f"this is text number {n}", labels[n % len(labels)]) for n in range(number)]


def found(report):
    return {finding.name: finding for finding in report.findings}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_read_as_it_says_and_detection_agrees(name, home, tmp_path):
    source, sample = open_source(name, home), SAMPLES[name]
    choice = choose(source)
    assert (choice.format, choice.mapping, choice.instruction) == (sample.format, sample.mapping, sample.instruction)
    copied = tmp_path / "copy.csv"
    copied.write_bytes(source.files["train"].read_bytes())
    detected = choose(open_source(copied, home))
    assert (detected.format, detected.mapping) == (sample.format, sample.mapping)
    report = inspect(source)
    assert report.ready
    assert report.usable == report.rows == sample.rows
    split = load(choice, home, seed=7)
    assert len(split.train) + len(split.validation) == sample.rows
    assert len(split.test) == sample.test_rows
    assert split == load(choice, home, seed=7)
    assert split != load(choice, home, seed=8)


def test_the_json_of_a_report_has_the_documented_shape(make):
    answer = json.loads(json.dumps(inspect(make([*pairs(), ("", "bill")])).as_json()))
    assert {"rows", "format", "confidence", "because", "mapping", "encoding", "findings"} <= answer.keys()
    assert answer["rows"] == 41
    assert {"name", "severity", "rows", "what", "fix", "mends"} <= answer["findings"][0].keys()
    assert answer["findings"][0]["rows"] == [41]


def test_a_healthy_file_has_no_findings(make):
    report = inspect(make(pairs()))
    assert {(finding.name, finding.severity) for finding in report.findings} == {
        ("split-size", "note"),
        ("few-rows", "note"),
    }
    assert inspect(make(pairs(200))).findings == ()
    assert report.labels == {"bill": 20, "card": 20}
    assert report.lengths["prompt"]["max"] >= report.lengths["prompt"]["median"] > 20
    assert len(report.preview) == 10
    assert report.preview[0] == {"text": "this is text number 0", "label": "bill"}


def test_rows_with_an_empty_field_are_counted_and_left_out(make, home):
    source = make([*pairs(30), ("", "bill"), ("text without label", " "), *pairs(3, ("x", "y"))])
    report = inspect(source)
    empty = [finding for finding in report.findings if finding.name == "empty-field"]
    assert [finding.rows for finding in empty] == [(31,), (32,)]
    assert all(finding.severity == "warning" for finding in empty)
    assert report.usable == 33
    split = load(choose(source), home, 7)
    assert not {31, 32} & {e.row for side in (split.train, split.validation, split.test) for e in side}


def test_a_column_that_is_mostly_empty_is_an_error(make):
    report = inspect(make([*pairs(20), *[("words", "")] * 30]))
    assert found(report)["empty-field"].severity == "error"
    assert not report.ready
    assert report.findings[0].severity == "error"


def test_repeated_and_conflicting_rows_are_named(make):
    rows = [*pairs(40), ("This is  text number 0", "bill"), ("this is text number 1", "bill")]
    findings = found(inspect(make(rows)))
    assert findings["duplicate-row"].rows == (41,)
    assert "row 41 is the same as row 1" in findings["duplicate-row"].what
    assert findings["conflicting-label"].rows == (2, 42)
    assert "row 2 says 'card', row 42 says 'bill'" in findings["conflicting-label"].what


def test_rare_single_and_misspelt_labels_are_named(make):
    findings = found(inspect(make([*pairs(40), ("one more", "Bill"), ("and one", "loan")])))
    assert findings["rare-label"].rows == (42,)
    assert "1 label of 3 has fewer than 5 rows: 'loan' (1)" in findings["rare-label"].what
    assert findings["label-spelling"].rows == (41,)
    assert "one-label" not in findings
    one = make([*pairs(40, ("bill", "bill")), *pairs(2)])
    choice = choose(make(pairs(40))).model_copy(update={"source": one.id, "sha256": one.sha256})
    assert "one-label" not in found(inspect(one, choice))
    same = make([(f"text {n}", "a") for n in range(20)])
    assert found(inspect(same, choice))["one-label"].severity == "error"


def test_leakage_between_files_is_named_and_kept_out_of_training(make, home):
    source = make(pairs(40), "train.csv", test=[("This is text  number 3", "card"), ("new", "loan")])
    findings = found(inspect(source))
    assert findings["split-leakage"].rows == (4,)
    assert "row 4 is row 1 there" in findings["split-leakage"].what
    assert findings["unknown-label"].file == "test"
    assert findings["unknown-label"].rows == (2,)
    split = load(choose(source), home, 7)
    assert 4 not in {e.row for e in (*split.train, *split.validation)}
    assert len(split.test) == 2


def test_too_few_rows_are_a_finding_and_refused_on_loading(make, home):
    source = make(pairs(9))
    assert found(inspect(source))["too-few-rows"].severity == "error"
    with pytest.raises(DataError, match="9 usable rows leave"):
        load(choose(source), home, 7)


def test_a_mapping_can_be_changed_and_is_checked(make, home):
    source = make(pairs(40))
    choice = choose(source)
    turned = choice.model_copy(
        update={"format": "prompt_completion", "mapping": {"prompt": "label", "completion": "text"}}
    )
    report = inspect(source, turned)
    assert (report.format, report.confidence, report.because) == ("prompt_completion", 1.0, "Chosen by hand.")
    assert report.examples[0].answer == "this is text number 0"
    with pytest.raises(SettingsError) as caught:
        inspect(source, choice.model_copy(update={"mapping": {"text": "body", "lable": "label"}}))
    assert set(caught.value.problems) == {"mapping.text", "mapping.lable", "mapping.label"}
    assert inspect(source, choice).confidence < 1


def test_changed_bytes_are_refused(make, home):
    source = make(pairs(40))
    choice = choose(source)
    with source.files["train"].open("a") as out:
        out.write("one more,bill\n")
    with pytest.raises(DataError, match="not those that the plan was made for"):
        load(choice, home, 7)


def test_a_test_file_with_other_columns_is_refused(tmp_path, home):
    (tmp_path / "train.csv").write_text("text,label\n" + "".join(f"text {n},{n % 2}\n" for n in range(40)))
    (tmp_path / "test.csv").write_text("words,label\nnew,1\n")
    source = open_source(tmp_path, home)
    with pytest.raises(DataError, match="The test file does not have the columns"):
        load(choose(source), home, 7)


def test_nested_cells_are_shown_as_text(tmp_path, home):
    turns = [{"role": "user", "content": "häuser"}, {"role": "assistant", "content": "b"}]
    file = tmp_path / "chat.jsonl"
    file.write_text("\n".join(json.dumps({"id": n, "messages": turns, "note": None}) for n in range(3)))
    preview = inspect(open_source(file, home)).preview
    assert preview[0] == {"id": "0", "messages": json.dumps(turns, ensure_ascii=False), "note": ""}


def test_a_payload_in_a_cell_stays_the_text_that_it_is(make):
    payload = '<img src=x onerror="alert(1)">'
    report = inspect(make([*pairs(40), (payload, "bill")]))
    assert payload in inspect(make([(payload, "bill"), *pairs(40)])).preview[0]["text"]
    assert report.ready


def test_reading_a_table_loads_no_heavy_library():
    code = (
        "import sys; from pathlib import Path; from core.dataset.load import inspect; "
        "from core.dataset.files.source import open_source; inspect(open_source('legal_clauses', Path('/nowhere'))); "
        "print([m for m in ('polars', 'pyarrow', 'pandas', 'transformers', 'torch') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_rows_that_fit_no_format_are_shown_with_what_can_be_made_of_them(tmp_path, home):
    parts = [{"left": "one", "right": "two"}, {"left": "three", "right": "four"}]
    nested = [{"title": f"Note {n}", "parts": parts} for n in range(12)]
    (tmp_path / "a.json").write_text(json.dumps(nested), "utf-8")
    seen = glance(open_source(tmp_path / "a.json", home))
    assert (seen.rows, seen.columns, seen.preview[0]["title"]) == (12, ("title", "parts"), "Note 0")
    assert seen.misfit is not None
    assert "explode" in seen.conversions


def test_rows_that_a_format_fits_well_are_not_offered_to_be_made_into_others(tmp_path, home):
    chats = [
        {
            "messages": [{"role": "user", "content": f"Hello {n}"}, {"role": "assistant", "content": f"Hi {n}"}],
            "tools": [{"name": "look", "description": "Looks."}],
        }
        for n in range(20)
    ]
    (tmp_path / "a.json").write_text(json.dumps(chats), "utf-8")
    assert inspect(open_source(tmp_path / "a.json", home)).conversions == ()


def test_labels_that_differ_in_spelling_count_as_one_where_it_is_said_whether_there_are_enough(make):
    rows = [[f"A text of some words, number {n}", "Good" if n == 3 else ("good", "bad")[n % 2]] for n in range(80)]
    assert "has only" not in inspect(make(rows)).enough[1]
