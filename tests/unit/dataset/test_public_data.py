"""The reading of real public sets, where they lie beside the project: as they are, or after one conversion."""

from pathlib import Path

import pytest

from core.dataset.conversions import CONVERSIONS, fitting
from core.dataset.detect import detect
from core.dataset.examples import read_examples
from core.dataset.files.read import read_table
from core.dataset.files.source import open_source
from core.dataset.load import choose, inspect, load
from core.errors import DataError

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
BETTER = {"prompt": "conversations", "chosen": "chosen", "rejected": "rejected"}
PREFERRED = {"prompt": "input", "chosen": "preferred_output", "rejected": "non_preferred_output"}
DIALOGUE = {"prompt": "dialogue", "completion": "section_text"}


def path_to(name):
    if not (DATA / name).exists():
        pytest.skip(f"{name} does not lie in ../shared/data")
    return DATA / name


def each(pattern):
    found = sorted(str(path.relative_to(DATA)) for path in DATA.glob(pattern))
    return found or [pytest.param(pattern, marks=pytest.mark.skip(reason=f"{pattern} lies not in ../shared/data"))]


@pytest.mark.parametrize(
    ("name", "format_name", "mapping", "rows"),
    [
        ("banking77/train.csv", "labelled_text", {"text": "text", "label": "category"}, 10_003),
        ("banking77/test.csv", "labelled_text", {"text": "text", "label": "category"}, 3_080),
        ("llamafactory_demo/alpaca_en_demo.json", "instruction", None, 999),
        ("llamafactory_demo/v1_sft_demo.jsonl", "chat", {"messages": "messages"}, 500),
        ("llamafactory_demo/dpo_en_demo.json", "preference", BETTER, 300),
        ("llamafactory_demo/wiki_demo.txt", "plain_text", {"text": "text"}, None),
        ("orca_dpo_pairs/validation.jsonl", "preference", PREFERRED, 284),
        ("self_instruct/data/seed_tasks.jsonl", "instruction", None, 175),
        ("self_instruct/human_eval/user_oriented_instructions.jsonl", "instruction", None, 252),
        ("mts_dialog/Main-Dataset/MTS-Dialog-TrainingSet.csv", "prompt_completion", DIALOGUE, 1201),
        ("mts_dialog/Main-Dataset/MTS-Dialog-ValidationSet.csv", "prompt_completion", DIALOGUE, 100),
        ("mts_dialog/Main-Dataset/MTS-Dialog-TestSet-1-MEDIQA-Chat-2023.csv", "prompt_completion", DIALOGUE, 200),
        ("mts_dialog/Main-Dataset/MTS-Dialog-TestSet-2-MEDIQA-Sum-2023.csv", "prompt_completion", DIALOGUE, 200),
    ],
)
def test_a_public_set_is_understood_without_help(name, format_name, mapping, rows, tmp_path):
    source = open_source(path_to(name), tmp_path)
    choice = choose(source)
    report = inspect(source, choice)
    assert report.format == format_name
    assert report.usable == report.rows == (rows or report.rows)
    assert mapping is None or report.mapping == mapping
    assert report.ready
    split = load(choice, tmp_path, 7)
    assert len(split.train) + len(split.validation) + len(split.test) > 0.9 * report.rows


@pytest.mark.parametrize(
    "name", [*each("olora_cl/**/train.json"), *each("olora_cl/**/dev.json"), *each("olora_cl/**/test.json")]
)
def test_the_tasks_of_a_continual_benchmark_are_labelled_text(name):
    table = read_table(path_to(name))
    found = detect(table)
    assert (found.format, found.mapping) == ("labelled_text", {"text": "sentence", "label": "label"})
    assert not read_examples(table, found.format, found.mapping, "").unfit


def test_answers_that_were_marked_as_bad_are_left_out_and_told(tmp_path):
    source = open_source(path_to("llamafactory_demo/kto_en_demo.json"), tmp_path)
    report = inspect(source)
    assert (report.format, report.mapping) == ("preference", {"chosen": "messages", "mark": "label"})
    told = next(finding for finding in report.findings if "marked as a bad answer" in finding.what)
    assert len(told.rows) == 300 - report.usable > 0


@pytest.mark.parametrize(
    ("name", "conversion", "format_name", "rows"),
    [
        ("cuad/master_clauses.csv", "one_row_each", "labelled_text", 12_900),
        ("tatqa/tatqa_dataset_dev.json", "financial_reports", "question_answer", 1_668),
        ("tatqa/tatqa_dataset_test_gold.json", "financial_reports", "question_answer", 1_663),
    ],
)
def test_a_public_set_of_another_build_is_understood_after_a_conversion(name, conversion, format_name, rows):
    table = read_table(path_to(name))
    with pytest.raises(DataError, match="No format fits the columns") as caught:
        detect(table)
    assert CONVERSIONS[conversion].title in caught.value.fix
    assert next(iter(fitting(table))).name == conversion
    made = CONVERSIONS[conversion].convert(table)
    found = detect(made)
    reading = read_examples(made, found.format, found.mapping, found.instruction)
    assert found.format == format_name
    assert len(reading.examples) == len(made.rows) >= rows


@pytest.mark.parametrize("name", each("cuad/label_group_xlsx/*.xlsx"))
def test_each_workbook_of_clauses_has_a_sensible_reading(name):
    table = read_table(path_to(name))
    offers = fitting(table)
    made = offers[0].convert(table) if offers else table
    found = detect(made)
    if offers:
        assert (found.format, found.mapping) == ("labelled_text", {"text": "text", "label": "label"})
    elif found.format == "prompt_completion":
        assert found.mapping == {"prompt": "Parties", "completion": "Parties-Answer"}
    else:
        assert (found.format, found.mapping) == ("plain_text", {"text": table.columns[1]})
    assert len(read_examples(made, found.format, found.mapping, "").examples) >= 10


def test_sentences_and_tags_in_files_of_their_own_are_put_together(tmp_path):
    source = open_source(path_to("unfair_tos"), tmp_path)
    report = inspect(source)
    assert (report.format, report.rows, report.usable) == ("multi_label", 17_383, 17_383)
    assert sum(example.answer != "none" for example in report.examples) <= 10


def test_texts_that_stand_in_both_published_files_are_found(tmp_path):
    source = open_source(path_to("banking77"), tmp_path)
    leak = next(finding for finding in inspect(source).findings if finding.name == "split-leakage")
    assert len(leak.rows) >= 6
