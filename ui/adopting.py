"""A plan becomes the draft: its data, its model, and what differs from the advice for them."""

from core.dataset.choice import DataChoice
from core.errors import DataError, UserError
from core.strategy.plan import Plan
from ui.desk import Desk


def adopt(desk: Desk, plan: Plan) -> str:
    """Go on with `plan`, and return what the strategy's state becomes, so that its page is drawn anew.

    Raises:
        DataError: Its data are not in this home, or not as they were.
    """
    _check_data(desk, plan.data)
    draft = desk.keep(data=plan.data.model_dump(mode="json"), model=plan.model, overrides={}, name=plan.name)
    advised = desk.advice(draft, plan.data).plan
    overrides = {
        name: value
        for name, value in plan.model_dump(mode="json").items()
        if name not in {"data", "model", "name"} and value != advised.model_dump(mode="json")[name]
    }
    if "options" in overrides and plan.method == advised.method:
        overrides["options"] = {n: v for n, v in plan.options.items() if advised.options.get(n) != v}
    desk.keep(overrides=overrides)
    return plan.model_dump_json()


def _check_data(desk: Desk, choice: DataChoice) -> None:
    try:
        source = desk.engine.source(choice.source)
    except UserError as error:
        raise DataError(
            f"The data of this plan ({choice.name}) are not on this computer.",
            "Drop the same file on the data page first, then load the plan again.",
        ) from error
    if source.sha256 != choice.sha256:
        raise DataError(f"The rows of {choice.name} are not those of this plan.", "Choose the data anew.")
