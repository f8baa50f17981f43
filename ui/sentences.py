"""What the log says of a run's states and of its preparation."""

from core.events import Accompanied, Noted, Prepared, RunState
from ui import words

STATES = {
    RunState.PREPARING: "Loading the model and the data.",
    RunState.TRAINING: "Training began.",
    RunState.PAUSED: "Paused.",
    RunState.EVALUATING: "Scoring the held-out rows.",
    RunState.EXPORTING: "Export began.",
    RunState.STOPPING: "Asked to stop.",
    RunState.DONE: "Done.",
    RunState.STOPPED: "Stopped.",
    RunState.FAILED: "Failed.",
    RunState.LOST: "Lost.",
}


def of_note(noted: Noted | Accompanied) -> tuple[str, bool]:
    """What a person should know, and whether it is a warning."""
    if isinstance(noted, Accompanied):
        return f"'{noted.name}' is at work beside this one from here on: both take longer.", False
    return noted.text, noted.severity == "warning"


def of_preparation(prepared: Prepared) -> str:
    """What was made ready, in one sentence."""
    share = prepared.trainable_parameters / max(1, prepared.total_parameters)
    left_out = f", {prepared.dropped_rows} left out as too long" if prepared.dropped_rows else ""
    shortened = f", {prepared.truncated_rows} with a shortened prompt" if prepared.truncated_rows else ""
    return (
        f"Ready on {prepared.device} in {prepared.precision}: {words.counted(prepared.train_rows, 'row')} to train on"
        f"{left_out}{shortened}; {prepared.validation_rows:,} to validate on; "
        f"{prepared.trainable_parameters:,} of {prepared.total_parameters:,} parameters learn ({share:.2%})."
    )
