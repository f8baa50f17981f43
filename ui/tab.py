"""What one browser tab knows: where it stands and which run it looks at."""

from dataclasses import dataclass

import gradio as gr

DATA, STRATEGY, TRAIN, EVALUATE, EXPORT, RUNS = range(1, 7)
STEPS = {DATA: "Data", STRATEGY: "Strategy", TRAIN: "Train", EVALUATE: "Evaluate", EXPORT: "Export", RUNS: "Runs"}


@dataclass(frozen=True, slots=True)
class Tab:
    """Components that every page may read or move."""

    step: gr.State
    """The page that is shown; setting it goes there."""
    run: gr.State
    """Id of the run that the pages after Strategy show; empty before the first."""
    pulse: gr.State
    """Changes when there is something new to draw: a text that names the state of everything shown."""
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
    """Settings of a listener that no one asked for: hidden from the API, no spinner, never in another's way."""
    return {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": None, **more}


def asked(**more: object) -> dict[str, object]:
    """Settings of a listener on a button."""
    return {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": 8, **more}
