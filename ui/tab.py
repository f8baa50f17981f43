"""What one browser tab knows: where it stands and which run it looks at."""

from dataclasses import dataclass

import gradio as gr

DATA, STRATEGY, TRAIN, EVALUATE, EXPORT, RUNS, AUGMENT, STUDIES, PLAYGROUND = range(1, 10)
"""As they stand in addresses; a step that came later has a later number: links that people kept still lead there."""
STEPS = {
    DATA: "Data",
    STRATEGY: "Strategy",
    AUGMENT: "Augment",
    TRAIN: "Train",
    EVALUATE: "Evaluate",
    EXPORT: "Export",
    RUNS: "Runs",
    STUDIES: "Studies",
    PLAYGROUND: "Playground",
}
"""In the order of the walk."""


@dataclass(frozen=True, slots=True)
class Tab:
    """Components that a page may read or move; `entered` and `pulse` are its own, all others are those of the tab."""

    step: gr.State
    """The page that is shown; setting it goes there."""
    run: gr.State
    """Id of the run that the pages after Strategy show; empty before the first."""
    study: gr.State
    """Id of the study that its page shows; empty for the newest."""
    entered: gr.State
    """A page's own: changes when the page is gone to or left, and when it shows another run. What listens to it costs
    nothing while another page is shown; with `step` instead, all pages would answer, and a browser looks for each
    output of each answer in the whole tree of components."""
    pulse: gr.State
    """A page's own: changes while it is shown and there is something new to draw: a text that names the state of
    everything."""
    plan: gr.State
    """Changes when the draft's data or wishes changed, so that the strategy is drawn anew."""
    taken: gr.State
    """Changes when data were chosen elsewhere than on the data page, so that it is drawn anew."""
    opened: gr.State
    """Changes once, when the page has found out where to begin."""
    play: gr.Button
    """Begins the demo."""
    walk: gr.Walkthrough


def quiet(**more: object) -> dict[str, object]:
    """Settings of a listener that no one asked for: hidden from the API, no spinner, never in another's way.

    What happens while it is at work is not dropped, as Gradio does with most events: it works once more, on the last.
    """
    settings = {"api_visibility": "private", "show_progress": "hidden", "trigger_mode": "always_last"}
    return {**settings, "concurrency_limit": None, **more}


def asked(**more: object) -> dict[str, object]:
    """Settings of a listener on a button."""
    return {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": 8, **more}
