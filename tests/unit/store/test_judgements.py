import pytest

from core.errors import NotFoundError, SettingsError
from core.store.store import Judgement, Store


def test_a_judgement_is_kept_replaced_and_seen_by_another_program(tmp_path):
    store, other = Store(tmp_path), Store(tmp_path)
    run_id = store.add_run({}, "judged").run_id
    before = other.judged(run_id)
    store.judge(run_id, 3, Judgement("tuned", "Ünïcode \ud800 note", "abc"))
    assert other.judgements(run_id) == {3: Judgement("tuned", "Ünïcode ? note", "abc")}
    assert other.judged(run_id) != before
    other.judge(run_id, 3, Judgement("both", "", "abc"))
    assert store.judgements(run_id)[3].verdict == "both"
    other.judge(run_id, 3, Judgement())
    assert store.judgements(run_id)[3].is_empty


@pytest.mark.parametrize("judgement", [Judgement("best of all"), Judgement("tuned", "x" * 2001)])
def test_a_judgement_that_cannot_be_is_refused(tmp_path, judgement):
    store = Store(tmp_path)
    run_id = store.add_run({}, "judged").run_id
    with pytest.raises(SettingsError):
        store.judge(run_id, 1, judgement)
    assert store.judgements(run_id) == {}


def test_judgements_go_with_their_run(tmp_path):
    store = Store(tmp_path)
    job = store.add_run({}, "judged")
    store.judge(job.run_id, 1, Judgement("tuned"))
    store.request_stop(job.id)
    store.delete_run(job.run_id)
    assert store._rows("SELECT * FROM judgements") == []
    with pytest.raises(NotFoundError):
        store.judge(job.run_id, 1, Judgement("tuned"))
