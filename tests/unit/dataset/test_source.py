import json
import os
import stat

import pytest

from core.dataset.files.read import read_table
from core.dataset.files.source import SAMPLES, find_source, open_files, open_source, open_text
from core.errors import DataError, MachineError, NotFoundError

ROWS = "text,label\n" + "".join(f"text {n},{'ab'[n % 2]}\n" for n in range(40))


def kept(home):
    return sorted(path.name for path in (home / "datasets").iterdir()) if (home / "datasets").exists() else []


@pytest.mark.parametrize("name", SAMPLES)
def test_each_sample_has_the_rows_that_it_claims(name, tmp_path):
    source, sample = open_source(name, tmp_path), SAMPLES[name]
    assert source.sample
    assert source.id == name
    assert len(read_table(source.files["train"]).rows) == sample.rows
    assert len(read_table(source.files["test"]).rows) == sample.test_rows
    assert sample.attribution
    assert "CC BY" in sample.licence
    assert kept(tmp_path) == []
    assert find_source(name, tmp_path) == source


def test_a_file_is_copied_so_that_nothing_depends_on_where_it_was(tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text(ROWS)
    source = open_source(file, tmp_path / "home")
    file.unlink()
    again = find_source(source.id, tmp_path / "home")
    assert again == source
    assert len(read_table(again.files["train"]).rows) == 40
    assert source.id == source.sha256[:12]
    assert open_source(source.id, tmp_path / "home") == source


@pytest.mark.parametrize(
    "name", ["x[1]*.jsonl", "Häuser & Gärten 数据.csv", "-rf.csv", "a\nb.csv", "..csv", "no ending"]
)
def test_odd_names_are_kept_as_typed_and_stored_under_generated_ones(name, tmp_path):
    file = tmp_path / name
    file.write_text('{"text": "a", "label": "b"}\n' if name.endswith("jsonl") else ROWS)
    source = open_source(str(file), tmp_path / "home")
    assert source.name == name
    assert source.files["train"].name.startswith("train.")
    origin = json.loads((source.files["train"].parent / "origin.json").read_text("utf-8"))
    assert origin["name"] == name
    assert str(tmp_path) not in json.dumps(origin)


def test_a_name_of_no_encoding_is_shown_with_a_replacement(tmp_path):
    file = tmp_path / os.fsdecode(b"bad\xff.csv")
    file.write_text(ROWS)
    assert open_source(str(file), tmp_path / "home").name.encode() == b"bad?.csv"


def test_a_link_is_followed_and_its_content_copied(tmp_path):
    (tmp_path / "real.csv").write_text(ROWS)
    (tmp_path / "link.csv").symlink_to(tmp_path / "real.csv")
    source = open_source(tmp_path / "link.csv", tmp_path / "home")
    assert not source.files["train"].is_symlink()
    (tmp_path / "broken.csv").symlink_to(tmp_path / "nowhere.csv")
    with pytest.raises(DataError):
        open_source(tmp_path / "broken.csv", tmp_path / "home")


@pytest.mark.parametrize(
    ("names", "roles"),
    [
        (["only.csv", "README.md"], {"train"}),
        (["train.csv", "test.csv"], {"train", "test"}),
        (["x_train.jsonl", "x-dev.jsonl", "x.test.jsonl", "LICENSE.txt"], {"train", "validation", "test"}),
        (["My-TrainingSet.csv", "My-ValidationSet.csv"], {"train", "validation"}),
    ],
)
def test_the_files_of_a_folder_are_told_apart_by_their_words(names, roles, tmp_path):
    folder = tmp_path / "many"
    folder.mkdir()
    for number, name in enumerate(names):
        (folder / name).write_text(json.dumps([{"text": f"{number}", "label": "a"}]) if "json" in name else ROWS)
    source = open_source(folder, tmp_path / "home")
    assert set(source.files) == roles
    assert source.name == "many"
    assert find_source(source.id, tmp_path / "home") == source


def test_files_that_were_left_alone_are_named(tmp_path):
    for name in ("train.csv", "test.csv", "extra.csv"):
        (tmp_path / name).write_text(ROWS)
    assert open_files([tmp_path / name for name in ("test.csv", "extra.csv", "train.csv")], tmp_path / "h").unused == (
        "extra.csv",
    )


@pytest.mark.parametrize("names", [["test.csv", "dev.csv"], ["README.md", "LICENSE"], []])
def test_a_folder_without_training_file_is_refused(names, tmp_path):
    for name in names:
        (tmp_path / name).write_text(ROWS)
    with pytest.raises(DataError):
        open_source(tmp_path, tmp_path / "home")


@pytest.mark.parametrize("names", [["a.csv", "b.csv"], ["train_1.csv", "train_2.csv"], ["deep/a.csv", "deep/b.csv"]])
def test_files_with_the_same_columns_are_joined_and_a_note_says_so(names, tmp_path):
    folder = tmp_path / "shards"
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(ROWS)
    source = open_source(folder, tmp_path / "home")
    table = read_table(source.files["train"])
    assert len(table.rows) == 80
    assert f"2 files with the same columns were joined: {names[0]} (40 rows), {names[1]} (40 rows)." in table.notes
    assert open_files([folder / name for name in reversed(names)], tmp_path / "home").files.keys() == {"train"}


def test_files_with_other_columns_are_refused_with_their_names(tmp_path):
    (tmp_path / "a.csv").write_text(ROWS)
    (tmp_path / "b.csv").write_text("question,answer\nx,y\n")
    with pytest.raises(DataError, match=r"a\.csv has 'text', 'label', and b\.csv has 'question', 'answer'"):
        open_source(tmp_path, tmp_path / "home")
    assert kept(tmp_path / "home") == []


def test_moving_a_row_between_files_is_another_data_set(tmp_path):
    ids = set()
    for cut in (1, 2):
        lines = [f'{{"text": "{n}", "label": "a"}}\n' for n in range(4)]
        (tmp_path / "train.jsonl").write_text("".join(lines[:cut]))
        (tmp_path / "test.jsonl").write_text("".join(lines[cut:]))
        ids.add(open_source(tmp_path, tmp_path / "home").id)
    assert len(ids) == 2


def test_what_cannot_be_read_is_not_kept(tmp_path):
    (tmp_path / "bad.csv").write_text("a,b\n1\n")
    with pytest.raises(DataError):
        open_source(tmp_path / "bad.csv", tmp_path / "home")
    assert kept(tmp_path / "home") == []


def test_the_same_bytes_are_kept_once_under_their_newest_name(tmp_path):
    for name in ("one.csv", "two.csv"):
        (tmp_path / name).write_text(ROWS)
        source = open_source(tmp_path / name, tmp_path / "home")
    assert kept(tmp_path / "home") == [source.id]
    assert find_source(source.id, tmp_path / "home").name == "two.csv"


def test_a_damaged_copy_gives_way_to_a_new_one(tmp_path):
    (tmp_path / "a.csv").write_text(ROWS)
    source = open_source(tmp_path / "a.csv", tmp_path / "home")
    source.files["train"].write_text("text")
    assert open_source(tmp_path / "a.csv", tmp_path / "home") == source
    assert source.files["train"].read_text() == ROWS


def test_the_copy_is_readable_by_its_owner_only(tmp_path):
    (tmp_path / "a.csv").write_text(ROWS)
    source = open_source(tmp_path / "a.csv", tmp_path / "home")
    assert stat.S_IMODE(source.files["train"].parent.stat().st_mode) == 0o700


def test_a_home_that_cannot_be_written_is_said_in_words(tmp_path):
    (tmp_path / "a.csv").write_text(ROWS)
    (tmp_path / "home").write_text("a file where the folder should be")
    with pytest.raises(MachineError, match="cannot be copied"):
        open_source(tmp_path / "a.csv", tmp_path / "home")


@pytest.mark.parametrize(
    "name",
    ["nowhere.csv", "legal_clausse", "../../etc", "0123456789ab", "", " ", "data/nowhere.csv", "x" * 5000, "a\0b"],
)
def test_what_does_not_exist_is_refused(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError):
        open_source(name, tmp_path / "home")
    with pytest.raises(NotFoundError):
        find_source(name, tmp_path / "home")


@pytest.mark.parametrize(
    ("text", "rows", "suffix"),
    [
        (
            "text\tlabel\nof a, cell\tx\nb\ty\n",
            [{"text": "of a, cell", "label": "x"}, {"text": "b", "label": "y"}],
            ".tsv",
        ),
        ("\n\ntext,label\na,x\nb,y", [{"text": "a", "label": "x"}, {"text": "b", "label": "y"}], ".csv"),
        ('[{"text": "a"}, {"text": "b"}]', [{"text": "a"}, {"text": "b"}], ".json"),
        ('{"text": "a"}\n{"text": "b"}', [{"text": "a"}, {"text": "b"}], ".jsonl"),
        (
            "Dear all,\nwelcome.\n\n \nSee you, soon.\r\n",
            [{"text": "Dear all,\nwelcome."}, {"text": "See you, soon."}],
            ".jsonl",
        ),
    ],
)
def test_pasted_text_is_understood_and_kept(text, rows, suffix, tmp_path):
    source = open_text(text, tmp_path)
    assert read_table(source.files["train"]).rows == rows
    assert source.name == f"pasted{suffix}"
    assert find_source(source.id, tmp_path) == source
    assert source.notes == (() if "Dear" not in text else ("The pasted text became 2 passages, cut at blank lines.",))


@pytest.mark.parametrize("text", ["", "  \n\n", "half \ud83d a sign", '{"text": "a"'])
def test_pasted_text_that_holds_nothing_readable_is_refused(text, tmp_path):
    with pytest.raises(DataError):
        open_text(text, tmp_path)
    assert kept(tmp_path) == []


def test_a_large_file_is_hashed_again_only_where_it_was_touched(tmp_path, monkeypatch):
    from core.dataset.files import intake

    monkeypatch.setattr(intake, "_LARGE", 0)
    (tmp_path / "a.csv").write_text("text,label\n" + "some text,a\n" * 9)
    source = open_source(tmp_path / "a.csv", tmp_path / "home")
    hashed = []
    monkeypatch.setattr(intake, "hash_of", lambda files: hashed.append(files) or "0" * 64)
    assert find_source(source.id, tmp_path / "home").sha256 == source.sha256
    assert hashed == []
    path = source.files["train"]
    path.write_bytes(path.read_bytes().replace(b"some", b"same"))
    assert find_source(source.id, tmp_path / "home").sha256 == "0" * 64
