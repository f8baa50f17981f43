"""P12: each smaller plan keeps the rows of a step, and they come in the order of what they cost."""

import pytest

from core.dataset.choice import DataChoice
from core.strategy.methods import METHODS, read_options
from core.strategy.plan import Plan
from core.strategy.smaller import smaller, told


def plan(**values):
    data = DataChoice(name="x", source="x", sha256="0" * 64, format="chat", mapping={})
    return Plan(**({"data": data, "model": "starter", "method": "lora"} | values))


@pytest.mark.parametrize("batch_size", [2, 3, 5, 7, 8, 12, 31, 512])
@pytest.mark.parametrize("accumulation", [1, 2, 3, 5])
def test_fewer_rows_at_a_time_are_as_many_in_a_step(batch_size, accumulation):
    before = plan(batch_size=batch_size, accumulation=accumulation)
    after = smaller(before)
    if after.batch_size == before.batch_size:  # so many passes are not allowed
        assert after.gradient_checkpointing
        return
    assert after.rows_per_step == before.rows_per_step
    assert after.batch_size <= before.batch_size / 2
    Plan(**after.model_dump())


@pytest.mark.parametrize("method", METHODS)
def test_a_plan_becomes_smaller_until_nothing_is_left_to_give_up(method):
    chain = [plan(method=method, options=read_options(method, {}).model_dump(), batch_size=4, accumulation=2)]
    while (then := smaller(chain[-1])) is not None:
        assert told(chain[-1], then).endswith(".")
        read_options(then.method, then.options)
        chain.append(Plan(**then.model_dump()))
    assert [one.batch_size for one in chain[:3]] == [4, 2, 1]
    assert chain[3].gradient_checkpointing
    assert chain[-1].method == "qlora"
    assert {one.rows_per_step for one in chain} == {8}
    assert len(chain) == (4 if method == "qlora" else 5)
