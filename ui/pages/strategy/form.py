"""The settings: drawn by themselves from the plan's class and the method's."""

from collections.abc import Callable
from functools import partial
from typing import Any

import gradio as gr

from core.strategy.methods import METHODS
from core.strategy.plan import Plan
from ui import forms, markup
from ui.desk import Desk
from ui.notices import guarded
from ui.pages.strategy.sheet import look
from ui.tab import quiet

_FIELDS = (
    "head",
    "epochs",
    "learning_rate",
    "batch_size",
    "accumulation",
    "max_length",
    "schedule",
    "warmup_share",
    "weight_decay",
    "patience",
    "averaging",
    "gradient_checkpointing",
    "precision",
    "seed",
    "variants",
    "prompt_weight",
    "balance",
    "generated_weight",
    "label_smoothing",
    "embedding_noise",
    "forgetting_check",
    "tracker",
)


def place(desk: Desk, key: gr.State, drawn: list[Any], draw: Callable[[Desk], list[Any]]) -> None:
    """Draw the settings anew whenever the method or the advice changed, never while someone types."""

    # Gradio tells of one change twice; drawn a second time, the form would take back what was typed in between.
    @gr.render(inputs=key, triggers=[key.change], trigger_mode="once", show_progress="hidden")
    def settings(drawn_for: str) -> None:
        draft = desk.draft()
        sheet = look(desk)
        advice = sheet.advice if drawn_for else None
        if advice is None:
            markup.view(markup.empty("The settings appear once there is a plan."))
            return
        raw = desk.raw_plan(advice, draft)
        method = METHODS[raw["method"]]
        with gr.Row(elem_classes=["ft-form"]):
            common = forms.form(Plan, raw, _FIELDS, sheet.problems)
        markup.view(markup.block(f"<p class='ft-caption'>Of {markup.text(method.title)}</p>"))
        with gr.Row(elem_classes=["ft-form"]):
            own = forms.form(method.options, raw["options"], problems=sheet.option_problems)
        controls = [*common.values(), *own.values()]
        changed = partial(on_setting_changed, desk, draw, tuple(common), tuple(own))
        # A pasted text is one change without a key: only leaving the field tells of it.
        events = [control.input for control in controls]
        events += [control.blur for control in controls if isinstance(control, gr.Textbox)]
        gr.on(events, changed, controls, [*drawn, *controls], **quiet())


@guarded
def on_setting_changed(  # what the form typed follows the names of its fields
    desk: Desk,
    draw: Callable[[Desk], list[Any]],
    names: tuple[str, ...],
    own: tuple[str, ...],
    *values: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """Keep what differs from the advice, draw the forecast anew, and say beside each field what is wrong with it."""
    draft = desk.draft()
    choice = desk.choice(draft)
    if choice is None:
        return gr.skip()
    advised = desk.advice(draft, choice).plan.model_dump()
    typed = forms.read(names, values[: len(names)])
    options = forms.read(own, values[len(names) :])
    method = draft["overrides"].get("method", advised["method"])
    overrides = forms.differing(advised, typed)
    if method != advised["method"]:
        overrides |= {"method": method, "options": options}
    elif changed := forms.differing(advised["options"], options):
        overrides["options"] = changed
    desk.keep(overrides=overrides)
    sheet = look(desk)
    wrong = forms.marks(Plan, names, sheet.problems) + forms.marks(METHODS[method].options, own, sheet.option_problems)
    return [*draw(desk), *wrong]
