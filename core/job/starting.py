"""What is asked before a run starts, and the plan of a run that starts from another one's weights."""

from collections import Counter

from core.dataset.example import Example
from core.dataset.load import load
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
        ChangedError: Its weights do not suit this plan, or learned rows that are held out here.
    """
    if facts.note:
        raise ModelError(facts.note, "Connect to the hub, give the model's folder, or take 'starter'.")
    check_disk(plan, facts, store.home / "runs" / "new")
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
    _check_unseen(plan, before, store)


def _check_unseen(plan: Plan, before: Plan, store: Store) -> None:
    """Refuse weights that learned rows which are held out here, and those of which nobody can say any more.

    Where both divide the same rows alike, it was asked of all earlier ones when that run began.

    Raises:
        ChangedError: A row is held out that the run to start from, or one before it, learned; or their rows are gone.
    """
    run_id, held = plan.start_from, Counter[object]()
    while before.data.split != plan.data.split:
        if not held:
            split = load(plan.data, store.home, plan.seed)
            held = Counter(_asked(example) for side in (split.validation, split.test) for example in side)
        try:
            learned = {_asked(example) for example in load(before.data, store.home, before.seed).train}
            earlier = Plan(**store.run(before.start_from).plan) if before.start_from else None
        except UserError as error:
            raise ChangedError(
                f"The rows from which run {run_id} learned cannot be read any more, so nobody can say whether they are "
                f"among those held out here: {error.what}",
                "Start from the untuned model.",
            ) from error
        seen = sum(count for row, count in held.items() if row in learned)
        if seen:
            raise ChangedError(
                f"Run {run_id} learned {seen:,} of the {held.total():,} rows that are held out here, so that their "
                "scores would tell nothing.",
                f"Take its data and seed ({before.seed}), or start from the untuned model.",
            )
        if earlier is None:
            return
        run_id, before = before.start_from, earlier


def _asked(example: Example) -> object:
    """What makes a row the same: what is asked, or a text that nothing asks for."""
    return example.turns or example.answer


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
