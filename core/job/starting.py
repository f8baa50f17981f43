"""What is asked before a run starts, and the plan of a run that starts from another one's weights."""

from core.errors import ChangedError, ModelError, NotFoundError, UserError
from core.store.store import Store
from core.strategy.disk import check_disk
from core.strategy.methods import METHODS
from core.strategy.model_facts import ModelFacts
from core.strategy.plan import Plan
from core.strategy.smaller import smaller as make_smaller
from core.strategy.start_from import unlike

_LONGEST_NAME = 120
_CONTINUED = ", continued"


def check_before_start(plan: Plan, facts: ModelFacts, store: Store) -> None:
    """Refuse a plan that would fail for what is known already.

    Raises:
        ModelError: The model can be planned with, but not be had.
        MachineError: The disk has too little room for what the run writes.
        NotFoundError: The run to start from does not exist, or has kept no weights.
        ChangedError: Its weights do not suit this plan.
    """
    if facts.note:
        raise ModelError(facts.note, "Connect to the hub, give the model's folder, or take 'starter'.")
    check_disk(plan, facts, store.home / "runs")
    if not plan.start_from:
        return
    before = Plan(**store.run(plan.start_from).plan)
    if not _kept(store, plan.start_from):
        raise NotFoundError(f"Run {plan.start_from} has kept no weights to start from.", "Start from another run.")
    differing = unlike(before, plan)
    if differing:
        listed = "; ".join(f"{name}: {values}" for name, values in differing.items())
        raise ChangedError(
            f"The weights of run {plan.start_from} do not suit this plan: {listed}.",
            "Take its model, method and options, or start from the untuned model.",
            differing,
        )


def default_name(plan: Plan) -> str:
    """What a run is called that nobody named."""
    return f"{plan.data.name}, {METHODS[plan.method].title}"


def continued(store: Store, run_id: str, *, smaller: bool = False) -> Plan:
    """The plan of a new run that starts from the best weights of `run_id`, where they can be taken over.

    With `smaller` it needs less memory, with the same rows per optimizer step.

    Raises:
        NotFoundError: There is no such run, or it has kept no weights and nothing else was asked for.
        UserError: The plan cannot be made smaller.
    """
    row = store.run(run_id)
    plan = before = Plan(**row.plan)
    if smaller:
        less = make_smaller(before)
        if less is None:
            raise UserError(
                f"The plan of run {run_id} is as small as it can be made with the same rows.",
                "Choose a smaller model, or a shorter longest row.",
            )
        plan = less
    takes_over = _kept(store, run_id) and not unlike(before, plan)
    if not takes_over and not smaller:
        raise NotFoundError(f"Run {run_id} has kept no weights to start from.", "Start it anew.")
    name = row.name.removesuffix(_CONTINUED)[: _LONGEST_NAME - len(_CONTINUED)] + _CONTINUED
    # Where nothing was kept, or in another method, a run that itself began from earlier weights begins there again.
    known = before.start_from if before.start_from and not unlike(before, plan) else ""
    return plan.model_copy(update={"name": name, "start_from": run_id if takes_over else known})


def _kept(store: Store, run_id: str) -> bool:
    """Whether the run has best weights; whether they are whole is asked when they are read."""
    best = store.run_folder(run_id) / "best"
    return best.is_dir() or best.with_name(".best.old").is_dir()
