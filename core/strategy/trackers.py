"""The experiment trackers that may hear of a run, each an optional package; nothing of them is imported here."""

from dataclasses import dataclass
from importlib.util import find_spec


@dataclass(frozen=True, slots=True)
class Tracker:
    """A tracker that the Trainer knows by name."""

    name: str
    """The Trainer's name for it (`report_to`), and that of its package."""
    title: str
    look: str
    """How to look at what it keeps, with the place as {place}."""

    @property
    def is_installed(self) -> bool:
        """Whether its package is here."""
        return find_spec(self.name) is not None


TRACKERS: dict[str, Tracker] = {
    tracker.name: tracker
    for tracker in (
        Tracker("tensorboard", "TensorBoard", "tensorboard --logdir {place}"),
        Tracker("trackio", "Trackio", "trackio show --project fewtune"),
        Tracker("mlflow", "MLflow", "mlflow ui --backend-store-uri {place}"),
        Tracker("wandb", "Weights & Biases", "wandb sync {place}"),
    )
}


def missing(name: str) -> str:
    """What to do about a tracker that is not installed; empty where nothing is amiss."""
    if name not in TRACKERS or TRACKERS[name].is_installed:
        return ""
    return f"{TRACKERS[name].title} is not installed: `pip install {name}`, or choose none"
