"""The reading of real public sets, where they lie beside the project."""

from pathlib import Path

import pytest

from core.dataset.load import choose, inspect, load
from core.dataset.source import open_source
from core.errors import DataError

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"


def path_to(name):
    if not (DATA / name).exists():
        pytest.skip(f"{name} does not lie in ../shared/data")
    return DATA / name


@pytest.mark.parametrize(
    ("name", "format_name", "mapping", "rows"),
    [
        ("banking77/train.csv", "labelled_text", {"text": "text", "label": "category"}, 10_003),
        ("llamafactory_demo/alpaca_en_demo.json", "instruction", None, 999),
        ("llamafactory_demo/v1_sft_demo.jsonl", "chat", {"messages": "messages"}, 500),
        (
            "llamafactory_demo/dpo_en_demo.json",
            "preference",
            {"prompt": "conversations", "chosen": "chosen", "rejected": "rejected"},
            300,
        ),
        (
            "orca_dpo_pairs/validation.jsonl",
            "preference",
            {"prompt": "input", "chosen": "preferred_output", "rejected": "non_preferred_output"},
            284,
        ),
        ("self_instruct/data/seed_tasks.jsonl", "instruction", None, 175),
        ("self_instruct/human_eval/user_oriented_instructions.jsonl", "instruction", None, 252),
        (
            "mts_dialog/Main-Dataset/MTS-Dialog-TrainingSet.csv",
            "prompt_completion",
            {"prompt": "dialogue", "completion": "section_text"},
            1201,
        ),
    ],
)
def test_a_public_set_is_understood_without_help(name, format_name, mapping, rows, tmp_path):
    source = open_source(path_to(name), tmp_path)
    choice = choose(source)
    report = inspect(source, choice)
    assert (report.format, report.rows, report.usable) == (format_name, rows, rows)
    assert mapping is None or report.mapping == mapping
    assert report.ready
    split = load(choice, tmp_path, 7)
    assert len(split.train) + len(split.validation) + len(split.test) == rows


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("cuad/master_clauses.csv", "No format fits the columns 'Filename'"),
        ("tatqa/tatqa_dataset_dev.json", "No format fits the columns 'table', 'paragraphs', 'questions'"),
        ("llamafactory_demo/wiki_demo.txt", "No format fits the columns 'text'"),
    ],
)
def test_a_public_set_of_another_kind_is_refused_in_one_sentence(name, said, tmp_path):
    path = path_to(name)
    with pytest.raises(DataError, match=said):
        choose(open_source(path, tmp_path))


def test_texts_that_stand_in_both_published_files_are_found(tmp_path):
    source = open_source(path_to("banking77"), tmp_path)
    leak = next(finding for finding in inspect(source).findings if finding.name == "split-leakage")
    assert len(leak.rows) >= 6
    split = load(choose(source), tmp_path, 7)
    assert len(split.train) + len(split.validation) == 10_003 - len(leak.rows)
