"""What is found in real sets, read by hand one finding after the other: nothing is false, nothing known is missed."""

from pathlib import Path

import pytest

from core.dataset.files.source import SAMPLES, open_source
from core.dataset.health import CHECKS
from core.dataset.load import inspect

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
NEAR = {name for check in CHECKS.values() if check.name.startswith("near") for name in check.finds}


def found_in(name, tmp_path):
    if name not in SAMPLES and not (DATA / name).exists():
        pytest.skip(f"{name} does not lie in ../shared/data")
    report = inspect(open_source(name if name in SAMPLES else DATA / name, tmp_path))
    return {(f.name, f.file): f for f in report.findings if f.name not in NEAR}


@pytest.mark.parametrize(
    ("name", "warnings"),
    [
        ("legal_clauses", {}),
        ("medical_notes", {}),
        ("financial_qa", {"duplicate-row": (275,)}),
        ("mts_dialog/Main-Dataset/MTS-Dialog-TrainingSet.csv", {"duplicate-row": (1110,)}),
        ("mts_dialog/Main-Dataset/MTS-Dialog-ValidationSet.csv", {}),
        ("mts_dialog/Main-Dataset/MTS-Dialog-TestSet-1-MEDIQA-Chat-2023.csv", {}),
        ("mts_dialog/Main-Dataset/MTS-Dialog-TestSet-2-MEDIQA-Sum-2023.csv", {}),
        ("banking77/test.csv", {"duplicate-row": (1462,)}),
        ("self_instruct/data/seed_tasks.jsonl", {"personal-data": (167,)}),
        ("self_instruct/human_eval/user_oriented_instructions.jsonl", {"personal-data": (236,)}),
    ],
)
def test_a_clean_set_has_no_false_warning(name, warnings, tmp_path):
    found = found_in(name, tmp_path)
    assert {f.name: f.rows for f in found.values() if f.severity != "note"} == warnings


def test_what_stands_in_both_files_of_banking77_is_found(tmp_path):
    found = found_in("banking77", tmp_path)
    assert {name for (name, _), f in found.items() if f.severity != "note"} == {"duplicate-row"}
    assert found["split-leakage", "train"].rows == (1723, 3104, 3117, 4477, 4577, 6985, 9922)
    assert found["label-imbalance", "train"].severity == "note"


def test_the_answers_of_a_language_model_are_noticed_in_alpaca(tmp_path):
    found = found_in("llamafactory_demo/alpaca_en_demo.json", tmp_path)
    warned = {name: len(f.rows) for (name, _), f in found.items() if f.severity != "note"}
    assert warned == {"duplicate-row": 14, "refusal-answer": 21}


@pytest.mark.parametrize(
    ("name", "finding", "rows"),
    [
        ("llamafactory_demo/dpo_en_demo.json", "broken-encoding", (16,)),
        ("llamafactory_demo/dpo_en_demo.json", "control-characters", (287,)),
        ("llamafactory_demo/kto_en_demo.json", "markup-in-text", (125, 140, 226)),
        ("orca_dpo_pairs/validation.jsonl", "broken-encoding", (129, 172, 188)),
        ("olora_cl/MultiRC/MultiRC/train.json", "lost-characters", (835, 841, 987, 1192, 1257, 1930)),
        ("olora_cl/BoolQA/BoolQA/train.json", "personal-data", (61,)),
    ],
)
def test_known_trouble_is_found(name, finding, rows, tmp_path):
    assert found_in(name, tmp_path)[finding, "train"].rows == rows
