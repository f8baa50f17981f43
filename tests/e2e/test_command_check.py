"""What `fewtune check` answers, mends and writes."""

import json

from tests.e2e.served import run_app


def test_check_answers_with_what_was_found(tmp_path):
    done = run_app(tmp_path / "home", "check", "legal_clauses", "--json")
    answer = json.loads(done.stdout)
    assert {"rows", "format", "confidence", "because", "mapping", "encoding", "findings"} <= set(answer)
    assert (answer["rows"], answer["fixed"], answer["written"]) == (500, [], [])


def test_check_mends_what_was_asked_for_and_writes_the_rows(tmp_path):
    rows = [{"text": f"this is text number {n}", "label": "ab"[n % 2]} for n in range(30)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in [*rows, rows[0]]))
    out = tmp_path / "clean.csv"
    words = ("check", str(tmp_path / "rows.jsonl"), "--fix", "safe", "--out", str(out), "--model", "starter", "--json")
    answer = json.loads(run_app(tmp_path / "home", *words).stdout)
    assert (answer["rows"], len(answer["fixed"])) == (30, 1)
    assert answer["written"] == [str(out)]
    assert len(out.read_text("utf-8-sig").splitlines()) == 31
    refused = run_app(tmp_path / "home", "check", str(tmp_path / "rows.jsonl"), "--fix", "nonsense", "--json")
    assert refused.returncode == 2
    assert "duplicate-row" in json.loads(refused.stdout)["error"]["fix"]
