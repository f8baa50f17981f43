import bz2
import gzip
import io
import json
import lzma
import stat
import zipfile

import pytest

from core.dataset.files.read import parse_table, read_table
from core.dataset.files.source import find_source, open_files, open_source
from core.errors import DataError

ROWS = "text,label\n" + "".join(f"text {n},{'ab'[n % 2]}\n" for n in range(40))
LINES = "".join(json.dumps({"text": f"text {n}", "label": "ab"[n % 2]}) + "\n" for n in range(40))


def zst(data):
    pa = pytest.importorskip("pyarrow")
    return pa.Codec("zstd").compress(data, asbytes=True)


PACKERS = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zst": zst}


def zipped(files, **how):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content, **how)
    return out.getvalue()


def refusal(content, name):
    with pytest.raises(DataError) as caught:
        parse_table(content, name)
    assert caught.value.fix
    return caught.value.what


@pytest.mark.parametrize("how", PACKERS)
@pytest.mark.parametrize(("name", "content"), [("a.csv", ROWS), ("a.jsonl", LINES), ("a.json", f"[{LINES.strip()}]")])
def test_a_compressed_file_gives_the_rows_of_the_file(how, name, content):
    content = content.replace("\n", ",\n").replace(",\n]", "]") if content.startswith("[") else content
    plain = parse_table(content.encode(), name)
    assert parse_table(PACKERS[how](content.encode()), f"{name}.{how}").rows == plain.rows
    assert parse_table(PACKERS[how](content.encode()), name).rows == plain.rows


@pytest.mark.parametrize("how", PACKERS)
def test_a_compressed_file_that_is_cut_off_is_refused(how):
    packed = PACKERS[how](LINES.encode() * 50)
    assert "cannot be unpacked" in refusal(packed[: len(packed) // 2], f"a.jsonl.{how}")


@pytest.mark.parametrize("how", ["gz", "bz2", "xz", "zst"])
def test_what_unpacks_to_far_more_than_text_can_is_refused(how):
    packed = PACKERS[how](b"0" * 300_000_000)
    assert "unpacks to more than" in refusal(packed, f"bomb.csv.{how}")
    assert "unpacks to more than" in refusal(zipped({"a.csv": b"0" * 300_000_000}), "bomb.zip")


def test_an_archive_within_an_archive_is_refused():
    inner = zipped({"a.csv": ROWS})
    assert "another archive" in refusal(zipped({"inner.zip": inner}), "a.zip")
    assert "another archive" in refusal(zipped({"inner.csv": inner}), "a.zip")
    assert "another archive" in refusal(gzip.compress(gzip.compress(ROWS.encode())), "a.csv.gz")
    assert "another archive" in refusal(gzip.compress(inner), "a.zip.gz")


@pytest.mark.parametrize("name", ["../slip.csv", "/etc/slip.csv", "a/../../slip.csv", "C:\\slip.csv", "..\\slip.csv"])
def test_a_name_that_leads_out_of_the_archive_is_refused(name, tmp_path):
    content = zipped({"train.csv": ROWS, name: ROWS})
    assert "outside the archive" in refusal(content, "slip.zip")
    (tmp_path / "slip.zip").write_bytes(content)
    with pytest.raises(DataError):
        open_source(tmp_path / "slip.zip", tmp_path / "home")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["slip.zip"]


def test_a_link_within_an_archive_is_refused():
    link = zipfile.ZipInfo("link.csv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    assert "link" in refusal(out.getvalue(), "a.zip")


def test_a_file_without_a_name_within_an_archive_is_refused():
    nameless = zipped({"q.csv": ROWS}).replace(b"q.csv", b"\0.csv")
    assert refusal(nameless, "a.zip") == "a.zip holds a file without a name."


def test_an_archive_of_too_many_files_is_refused():
    assert "more than 10,000 files" in refusal(zipped({f"{n}.csv": "" for n in range(10_001)}), "a.zip")


def test_an_archive_without_data_names_what_it_holds():
    assert "only picture.png" in refusal(zipped({"picture.png": b"x"}), "a.zip")
    assert "no data file" in refusal(zipped({}), "a.zip")
    assert "cannot be unpacked" in refusal(zipped({"a.csv": ROWS})[:-30], "a.zip")


def test_the_files_of_an_archive_take_their_roles_from_their_names(tmp_path):
    files = {
        "set/train.csv": ROWS,
        "set/dev.jsonl": LINES,
        "set/test.csv": ROWS,
        "README.md": "Read me.",
        "more.csv": ROWS,
    }
    (tmp_path / "set.zip").write_bytes(zipped(files))
    source = open_source(tmp_path / "set.zip", tmp_path / "home")
    assert {role: path.name for role, path in source.files.items()} == {
        "train": "train.csv", "validation": "validation.jsonl", "test": "test.csv",
    }  # fmt: skip
    assert source.unused == ("more.csv",)
    assert find_source(source.id, tmp_path / "home") == source
    assert all(len(read_table(path).rows) == 40 for path in source.files.values())


def test_the_files_of_an_archive_without_roles_are_joined_or_refused():
    table = parse_table(zipped({"b.csv": ROWS, "a.jsonl": LINES}), "a.zip")
    assert len(table.rows) == 80
    assert table.notes == ("2 files with the same columns were joined: a.jsonl (40 rows), b.csv (40 rows).",)
    assert "different columns: a.csv has 'text', 'label', and b.csv has 'x'" in refusal(
        zipped({"a.csv": ROWS, "b.csv": "x\n1\n"}), "a.zip"
    )


def test_an_archive_of_documents_becomes_passages_that_name_their_file():
    files = {"b.txt": "Second.", "a.md": "# First\n\nText.", "__MACOSX/._a.md": "x", "LICENSE.txt": "x"}
    table = parse_table(zipped(files), "a.zip")
    assert table.rows == [{"text": "# First\n\nText.", "file": "a.md"}, {"text": "Second.", "file": "b.txt"}]
    assert table.notes == ("2 files became 2 passages, cut where a paragraph ends at about 4,000 characters.",)


def test_a_folder_of_documents_and_several_documents_become_passages(tmp_path):
    for name in ("one.txt", "two.md", "three.txt"):
        (tmp_path / name).write_text(f"This is {name}.")
    for source in (
        open_source(tmp_path, tmp_path / "home"),
        open_files([tmp_path / name for name in ("two.md", "one.txt", "three.txt")], tmp_path / "home"),
    ):
        rows = read_table(source.files["train"]).rows
        assert [row["file"] for row in rows] == ["one.txt", "three.txt", "two.md"]
        assert rows[0]["text"] == "This is one.txt."


def test_compressed_files_of_one_folder_are_joined(tmp_path):
    for number in range(3):
        (tmp_path / f"train-{number}.jsonl.gz").write_bytes(gzip.compress(LINES.encode()))
    source = open_source(tmp_path, tmp_path / "home")
    assert len(read_table(source.files["train"]).rows) == 120
    (tmp_path / "train-0.jsonl.gz").rename(tmp_path / "only.jsonl.gz")
    kept = open_source(tmp_path / "only.jsonl.gz", tmp_path / "home").files["train"]
    assert kept.name == "train.jsonl.gz"
    assert len(read_table(kept).rows) == 40
