"""Models to choose from, and the machine that has to hold them."""

from functools import partial

import gradio as gr

from core.strategy.catalogue import catalogue
from ui import machinesheet
from ui.desk import Desk
from ui.markup import view
from ui.notices import guarded
from ui.tab import asked


def menu() -> list[tuple[str, str]]:
    """Title and name of every model of the catalogue."""
    return [
        (f"{entry.title}: {'comes with Fewtune' if entry.model == 'starter' else 'from the hub'}", entry.model)
        for entry in catalogue()
    ]


def place(desk: Desk, stamp: gr.State) -> None:
    """Place the folded tables; they are drawn when someone opens them, and again when the plan changed."""
    with gr.Accordion("Models, and what this machine can tune of them", open=False, elem_id="ft-models") as folded:
        table = view()
    with gr.Accordion("This machine", open=False, elem_id="ft-this-machine") as opened:
        machine = view()
    folded.expand(partial(on_models, desk), None, table, **asked())
    gr.on([opened.expand, stamp.change], partial(on_machine, desk), None, machine, **asked())


@guarded
def on_models(desk: Desk) -> str:
    """Draw the catalogue for the machine as it is now."""
    return machinesheet.models(catalogue(), desk.machine(), str(desk.draft()["model"]))


@guarded
def on_machine(desk: Desk) -> str:
    """Draw the machine as it is now."""
    return machinesheet.machine(desk.machine())
