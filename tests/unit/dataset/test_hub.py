import json

import pytest

from core.dataset.files.hub import open_hub, open_laid_out
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
    return folder


def test_the_splits_of_a_data_set_become_its_files(tmp_path, cache):
    there = make(tmp_path / "set", {"train.jsonl": 30, "validation.jsonl": 5, "test.jsonl": 4})
    source = open_laid_out(there, tmp_path / "home")
    assert {file: len(read_file(source, file).rows) for file in source.files} == {
        "train": 30, "validation": 5, "test": 4,
    }  # fmt: skip
    table = read_file(source, "train")
    assert table.rows[1] == {"text": "text 1", "label": "1"}
    assert table.notes[0] == "30 rows came from the split 'train' of set."
    assert find_source(source.id, tmp_path / "home") == source


def test_one_split_can_be_chosen_and_a_wrong_one_is_refused_with_those_that_there_are(tmp_path, cache):
    there = make(tmp_path / "set", {"train.jsonl": 30, "test.jsonl": 4})
    source = open_laid_out(there, tmp_path / "home", split="test")
    assert list(source.files) == ["train"]
    assert len(read_file(source, "train").rows) == 4
    with pytest.raises(DataError, match="no split called 'dev'") as caught:
        open_laid_out(there, tmp_path / "home", split="dev")
    assert caught.value.fix == "Choose one of its splits: train, test."


def test_a_data_set_of_several_configurations_asks_for_one(tmp_path, cache):
    there = make(tmp_path / "set", {"one/train.jsonl": 3, "two/train.jsonl": 4})
    (tmp_path / "set" / "README.md").write_text(
        "---\nconfigs:\n- config_name: one\n  data_files: one/*.jsonl\n"
        "- config_name: two\n  data_files: two/*.jsonl\n---\n"
    )
    with pytest.raises(DataError, match="has 2 configurations") as caught:
        open_laid_out(there, tmp_path / "home")
    assert caught.value.fix == "Choose one of its configurations: one, two."
    assert len(read_file(open_laid_out(there, tmp_path / "home", "two"), "train").rows) == 4


def test_classes_are_read_by_their_names(tmp_path, cache):
    import datasets

    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["no", "yes"])})
    made = datasets.Dataset.from_dict({"text": ["a", "b", "c"], "label": [1, 0, -1]}, features=features)
    (tmp_path / "set").mkdir()
    made.to_parquet(tmp_path / "set" / "train.parquet")
    table = read_file(open_laid_out(tmp_path / "set", tmp_path / "home"), "train")
    assert [row["label"] for row in table.rows] == ["yes", "no", None]


def test_rows_beyond_the_limit_are_left_out_and_a_note_says_so(tmp_path, cache, monkeypatch):
    monkeypatch.setattr("core.dataset.files.hub.MAX_ROWS", 10)
    there = make(tmp_path / "set", {"train.jsonl": 30})
    table = read_file(open_laid_out(there, tmp_path / "home"), "train")
    assert len(table.rows) == 10
    assert table.notes[0] == "The first 10 rows of the split 'train' of set were taken; it has more."


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
        open_laid_out(there, tmp_path / "home")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "text",
    [
        "", "csv", "text", "/etc", "/etc/passwd", "..", "../..", "~", "~/x", ".", "./a/b", "C:\\a", "C:/a", "a/b/c",
        "a/..", "https://huggingface.co/datasets/a/b", "hf://datasets/a/b", "file:///etc", "a/b\n", "-a/b", "a b/c",
        "a/\ud800", "x" * 5000,
    ],
)  # fmt: skip
def test_what_is_no_id_is_refused_without_a_look_at_the_disk_or_the_hub(text, tmp_path, monkeypatch):
    for name in ("a", "csv", "a/b"):
        (tmp_path / name).mkdir(exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("core.dataset.files.hub._check_hub", lambda *_: pytest.fail("asked"))
    with pytest.raises(DataError, match="is no id of a data set on the hub"):
        open_hub(text, tmp_path / "home")


def test_a_folder_that_is_called_like_an_id_is_not_taken_for_it(tmp_path, monkeypatch, unreachable):
    make(tmp_path / "owner" / "name", {"train.jsonl": 30})
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="hub does not answer"):
        open_hub("owner/name", tmp_path / "home")
    monkeypatch.setattr("core.dataset.files.hub._check_hub", lambda *_: None)
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(DataError, match="cannot be fetched"):
        open_hub("owner/name", tmp_path / "home")


def test_a_description_that_names_files_of_this_machine_is_refused(tmp_path, cache):
    secret = tmp_path / "secret.csv"
    secret.write_text("text,label\nsecret,a\n")
    there = make(tmp_path / "set", {"data.jsonl": 5})
    for named in (str(secret), "../secret.csv"):
        (there / "README.md").write_text(f"---\nconfigs:\n- config_name: default\n  data_files: {named}\n---\n")
        with pytest.raises(DataError, match="names a file that is not its own"):
            open_laid_out(there, tmp_path / "home")
    assert not [*(tmp_path / "home").glob("*/*")]


def test_pictures_within_lists_are_left_out_unread(tmp_path, cache):
    import datasets
    import pyarrow as pa
    from pyarrow import parquet as pq

    features = datasets.Features({"text": datasets.Value("string"), "shots": datasets.List(datasets.Image())})
    shots = [[{"bytes": None, "path": str(tmp_path / "nothing.png")}]] * 3
    (tmp_path / "set").mkdir()
    made = pa.table({"text": ["a", "b", "c"], "shots": shots}, schema=features.arrow_schema)
    pq.write_table(made, tmp_path / "set" / "train.parquet")
    table = read_file(open_laid_out(tmp_path / "set", tmp_path / "home"), "train")
    assert table.columns == ("text",)
    assert "shots hold no text" in table.notes[0]
