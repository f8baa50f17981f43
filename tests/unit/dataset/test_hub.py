import json

import pytest

from core.dataset.files.hub import open_hub
from core.dataset.files.source import find_source, open_source
from core.dataset.load import read_file
from core.errors import DataError

pytest.importorskip("datasets")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache of its own, so that nothing is left in the user's."""
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")


@pytest.fixture
def unreachable(monkeypatch):
    from httpx2 import ConnectError
    from huggingface_hub import HfApi

    def refuse(*_, **__):
        raise ConnectError("no route")

    monkeypatch.setattr(HfApi, "dataset_info", refuse)


def rows(count):
    return "".join(json.dumps({"text": f"text {n}", "label": n % 2}) + "\n" for n in range(count))


def make(folder, files):
    for name, count in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(rows(count))
    return str(folder)


def test_the_splits_of_a_data_set_become_its_files(tmp_path, cache):
    there = make(tmp_path / "set", {"train.jsonl": 30, "validation.jsonl": 5, "test.jsonl": 4})
    source = open_hub(there, tmp_path / "home")
    assert {file: len(read_file(source, file).rows) for file in source.files} == {
        "train": 30, "validation": 5, "test": 4,
    }  # fmt: skip
    table = read_file(source, "train")
    assert table.rows[1] == {"text": "text 1", "label": "1"}
    assert table.notes[0] == f"30 rows came from the split 'train' of {there}."
    assert find_source(source.id, tmp_path / "home") == source


def test_one_split_can_be_chosen_and_a_wrong_one_is_refused_with_those_that_there_are(tmp_path, cache):
    there = make(tmp_path / "set", {"train.jsonl": 30, "test.jsonl": 4})
    source = open_hub(there, tmp_path / "home", split="test")
    assert list(source.files) == ["train"]
    assert len(read_file(source, "train").rows) == 4
    with pytest.raises(DataError, match="no split called 'dev'") as caught:
        open_hub(there, tmp_path / "home", split="dev")
    assert caught.value.fix == "Choose one of its splits: train, test."


def test_a_data_set_of_several_configurations_asks_for_one(tmp_path, cache):
    there = make(tmp_path / "set", {"one/train.jsonl": 3, "two/train.jsonl": 4})
    (tmp_path / "set" / "README.md").write_text(
        "---\nconfigs:\n- config_name: one\n  data_files: one/*.jsonl\n"
        "- config_name: two\n  data_files: two/*.jsonl\n---\n"
    )
    with pytest.raises(DataError, match="has 2 configurations") as caught:
        open_hub(there, tmp_path / "home")
    assert caught.value.fix == "Choose one of its configurations: one, two."
    assert len(read_file(open_hub(there, tmp_path / "home", "two"), "train").rows) == 4


def test_classes_are_read_by_their_names(tmp_path, cache):
    import datasets

    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["no", "yes"])})
    made = datasets.Dataset.from_dict({"text": ["a", "b", "c"], "label": [1, 0, -1]}, features=features)
    (tmp_path / "set").mkdir()
    made.to_parquet(tmp_path / "set" / "train.parquet")
    table = read_file(open_hub(str(tmp_path / "set"), tmp_path / "home"), "train")
    assert [row["label"] for row in table.rows] == ["yes", "no", None]


def test_rows_beyond_the_limit_are_left_out_and_a_note_says_so(tmp_path, cache, monkeypatch):
    monkeypatch.setattr("core.dataset.files.hub.MAX_ROWS", 10)
    there = make(tmp_path / "set", {"train.jsonl": 30})
    table = read_file(open_hub(there, tmp_path / "home"), "train")
    assert len(table.rows) == 10
    assert table.notes[0] == f"The first 10 rows of the split 'train' of {there} were taken; it has more."


def test_a_hub_that_does_not_answer_is_said_in_one_sentence(tmp_path, unreachable):
    with pytest.raises(DataError, match="hub does not answer"):
        open_source("hf:owner/name", tmp_path)
    with pytest.raises(DataError, match=r"no file or folder called 'owner/name'.*hub does not answer"):
        open_source("owner/name", tmp_path)
    assert not (tmp_path / "datasets").exists()


def test_nothing_is_asked_of_the_hub_where_it_is_switched_off(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(DataError, match="HF_HUB_OFFLINE is set"):
        open_source("owner/name", tmp_path)


def test_what_is_no_hub_id_is_not_looked_for_there(tmp_path, monkeypatch):
    monkeypatch.setattr("core.dataset.files.source.open_hub", lambda *_: pytest.fail("asked"))
    for text in ("a/b/c", "/a/b", "./a", "../a", "~/a", "a\\b"):
        with pytest.raises(DataError, match="no file, folder or sample"):
            open_source(text, tmp_path)


def test_a_script_of_a_data_set_is_never_run(tmp_path, cache):
    there = tmp_path / "set"
    there.mkdir()
    (there / "set.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    with pytest.raises(DataError):
        open_hub(str(there), tmp_path / "home")
    assert not (tmp_path / "ran").exists()
