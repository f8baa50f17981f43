"""The controls of the playground."""

from dataclasses import dataclass, fields
from typing import Any

import gradio as gr

from core.job.playground.saved import LONGEST_NAME
from core.strategy.drawing import Drawing
from ui import forms, markup, playsheet

SETTINGS = tuple(Drawing.model_fields)


@dataclass(frozen=True)
class Parts:
    """What is drawn, in the order in which it is."""

    run: gr.Dropdown
    weights: gr.Dropdown
    saved: gr.Dropdown
    menus: gr.State
    """What the three menus offer, as it was drawn last."""
    take: gr.Button
    where: gr.Markdown
    answers: gr.Markdown
    shown: gr.State
    """The question and how far it is, as it was drawn last."""
    head: gr.Markdown
    seen: gr.Markdown
    ask: gr.Button
    stop: gr.Button
    memory: gr.Markdown
    leave: gr.Button
    ticking: gr.Timer
    prompt: gr.Textbox
    place: gr.State
    """The held-out row whose words stand in the field, counted from 1; 0 where others do."""
    last: gr.State
    """The held-out row that was taken last."""
    name: gr.Textbox
    save: gr.Button
    delete: gr.Button
    settings: tuple[Any, ...]

    @property
    def drawn(self) -> list[Any]:
        """All but what people type."""
        return [getattr(self, field.name) for field in fields(self)[:15]]

    @property
    def outcome(self) -> list[Any]:
        """What changes when an answer begins or ends, the words left out."""
        return self.drawn[8:]


def place() -> Parts:
    """Place them."""
    with gr.Row(elem_classes=["ft-head", "ft-head-tall"]):
        head = markup.view(playsheet.nothing(), elem_id="ft-play-head")
        with gr.Column(min_width=200):
            ask = gr.Button("Ask both models", variant="primary", interactive=False, elem_id="ft-play-ask")
            stop = gr.Button("Stop", variant="stop", interactive=False, elem_id="ft-play-stop")
    with gr.Column(elem_classes=["ft-card"]):
        with gr.Row():
            run = gr.Dropdown([], label="Run", elem_id="ft-play-run", scale=3)
            # A checkpoint that a newer one replaced is none of the choices any more: core says so, not Gradio.
            weights = gr.Dropdown([], label="Weights", elem_id="ft-play-weights", scale=2, allow_custom_value=True)
        prompt = gr.Textbox(
            label="Prompt",
            info="Without the instruction, which is put before it as in training. Shift and Enter asks.",
            lines=4,
            max_lines=14,
            elem_id="ft-play-prompt",
        )
        with gr.Row(elem_classes=["ft-play-take"]):
            take = gr.Button("Take a held-out row", size="sm", interactive=False, elem_id="ft-play-take")
            where = markup.view(playsheet.where_from(None, 0, 0), elem_id="ft-play-where")
    answers = markup.view(playsheet.answers(None, None), elem_id="ft-play-answers")
    saved, name, save, delete = _saving()
    with gr.Accordion(
        "How they answer: the most likely words, unless you change it", open=False, elem_id="ft-play-how"
    ):
        settings = _settings()
    with gr.Accordion("The prompt as the model sees it", open=False, elem_id="ft-play-seen"):
        seen = markup.view(playsheet.prompt(None))
    with gr.Row(elem_classes=["ft-play-take"]):
        memory = markup.view(playsheet.memory("", ""), elem_id="ft-play-memory")
        leave = gr.Button(
            "Free their memory", size="sm", visible=False, elem_classes=["ft-quiet"], elem_id="ft-play-leave"
        )
    drawn = {"run": run, "weights": weights, "saved": saved, "take": take, "where": where, "answers": answers}
    drawn |= {"head": head, "seen": seen, "ask": ask, "stop": stop, "memory": memory, "leave": leave}
    typed = {"prompt": prompt, "name": name, "save": save, "delete": delete, "settings": settings}
    states = {"menus": gr.State(""), "shown": gr.State(""), "place": gr.State(0), "last": gr.State(0)}
    return Parts(ticking=gr.Timer(0.3, active=False), **drawn, **typed, **states)


def _saving() -> tuple[Any, ...]:
    with gr.Accordion("Saved prompts", open=False, elem_id="ft-play-saved-fold"), gr.Row():
        saved = gr.Dropdown([], label="Take a saved prompt", elem_id="ft-play-saved", scale=3)
        name = gr.Textbox(
            label="Save the prompt as", max_lines=1, max_length=LONGEST_NAME, elem_id="ft-play-name", scale=3
        )
        with gr.Column(scale=2, min_width=160):
            save = gr.Button("Save", size="sm", elem_id="ft-play-save")
            delete = gr.Button("Delete the chosen one", size="sm", elem_id="ft-play-delete")
    return saved, name, save, delete


def _settings() -> tuple[Any, ...]:
    with gr.Row(elem_classes=["ft-form"]):
        controls = forms.form(Drawing, Drawing().model_dump())
    for name, control in controls.items():
        control.elem_id = f"ft-play-{name}"  # the strategy's page has settings of the same names
    return tuple(controls.values())
