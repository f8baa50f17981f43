"""The guide's memory figures beside a forecast of the same work, so that a claim can be weighed."""

import functools
from collections.abc import Mapping

from core.dataset.choice import DataChoice
from core.strategy.machine import Gpu, Machine
from core.strategy.matrix import claims, data
from core.strategy.memory import forecast
from core.strategy.model_facts import facts_of
from core.strategy.plan import Plan

_ROOM = Machine(
    cpu_name="", cpu_count=1, memory_total_gib=1000, memory_available_gib=1000, disk_free_gib=1000,
    gpus=(Gpu("a GPU with room for all", 1000, 1000),), system="Linux",
)  # fmt: skip


def claimed_for() -> str:
    """The model and the rows of `forecasts`, in words."""
    return str(data()["claimed_model"]["told"])


@functools.cache
def forecasts() -> Mapping[str, float]:
    """GB (10^9 bytes) that each method of the guide's comparison needs for its 7 B model, as forecast here."""
    model = data()["claimed_model"]
    facts = facts_of(model["config"], "7B", "7B", has_chat_template=False)
    choice = DataChoice(name="", source="", sha256="", format="chat", mapping={})
    needed = {}
    for method in claims():
        options = model["options"].get(method, {})
        plan = Plan(
            data=choice, model="7B", method=method, options=options, batch_size=1, max_length=model["tokens"]
        )  # fmt: skip
        needed[method] = forecast(plan, facts, _ROOM).total_gib * 1024**3 / 1e9
    return needed
