"""The plan: the complete, frozen, serialisable description of one run."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.dataset.choice import DataChoice
from core.errors import SettingsError
from core.problems import problems_of


class Plan(BaseModel):
    """Everything that decides a run. Two runs of one plan on one machine give the same model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(max_length=120, title="Name", description="What people call the run.")] = ""
    data: DataChoice
    model: Annotated[str, Field(min_length=1, title="Model", description="'starter', a local folder, or a hub id.")]
    method: Annotated[str, Field(title="Method", description="Name of the tuning method, as in METHODS.")]
    options: Annotated[
        dict[str, Any], Field(description="Settings of the method; what is missing takes its default.")
    ] = {}
    head: Annotated[
        Literal["text", "class"],
        Field(
            title="Head",
            description="Text: the model writes its answer. Class: a new layer on top chooses among the labels, as "
            "encoders such as BERT need it; nothing is written.",
        ),
    ] = "text"
    epochs: Annotated[
        int,
        Field(
            ge=1,
            le=100,
            title="Epochs",
            description="Passes over the training rows, at most: early stopping may end sooner.",
        ),
    ] = 5
    learning_rate: Annotated[
        float, Field(gt=0, le=1e-1, title="Learning rate", description="Peak learning rate, per optimizer step.")
    ] = 2e-4
    batch_size: Annotated[
        int, Field(ge=1, le=512, title="Batch size", description="Rows of one forward pass; what fits into memory.")
    ] = 8
    accumulation: Annotated[
        int,
        Field(
            ge=1,
            le=512,
            title="Accumulation",
            description="Forward passes of one optimizer step: rows per step = batch size x this.",
        ),
    ] = 1
    max_length: Annotated[
        int,
        Field(
            ge=16,
            le=131072,
            title="Longest row",
            description="Tokens of prompt and answer together; longer prompts are shortened.",
        ),
    ] = 512
    schedule: Annotated[
        Literal["cosine", "linear", "constant"],
        Field(title="Schedule", description="How the learning rate falls after the warm-up."),
    ] = "cosine"
    warmup_share: Annotated[
        float,
        Field(
            ge=0, le=0.5, title="Warm-up", description="Share of all steps over which the learning rate rises from 0."
        ),
    ] = 0.05
    weight_decay: Annotated[
        float, Field(ge=0, le=1, title="Weight decay", description="AdamW's decoupled weight decay.")
    ] = 0.0
    patience: Annotated[
        int,
        Field(
            ge=1, le=50, title="Patience", description="Validations without a better loss before training ends early."
        ),
    ] = 3
    averaging: Annotated[
        bool,
        Field(
            title="Mean of the best weights",
            description="At the end the mean of the weights of the three best validations is kept, where it validates "
            "better than each of them and at most a tenth of the parameters learn. Off: those of the best validation.",
        ),
    ] = True
    gradient_checkpointing: Annotated[
        bool, Field(title="Recompute activations", description="Less memory for about a third more time.")
    ] = False
    precision: Annotated[
        Literal["auto", "fp32", "bf16"],
        Field(
            title="Precision",
            description="Of the matrix products; auto takes bf16 where the device has it in hardware.",
        ),
    ] = "auto"
    start_from: Annotated[
        str,
        Field(
            max_length=40,
            title="Starts from",
            description="Id of the run from whose best weights training starts; empty for the untuned model.",
        ),
    ] = ""
    variants: Annotated[
        int,
        Field(
            ge=0,
            le=16,
            title="Variants of a row",
            description="Copies of each training row in which words that prompt and answer share are exchanged for "
            "others in both: what is copied has to be looked up instead of known by heart.",
        ),
    ] = 0
    prompt_weight: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            title="Weight of the prompt",
            description="Loss on a token of the prompt beside one of the answer: 0 learns the answers only.",
        ),
    ] = 0.0
    balance: Annotated[
        Literal["off", "weighted", "focal"],
        Field(
            title="Rare labels",
            description="Weighted: every label counts the same. Focal: rows that are answered well already count less.",
        ),
    ] = "off"
    generated_weight: Annotated[
        float,
        Field(
            ge=0.05,
            le=1,
            title="Weight of generated rows",
            description="Loss on a row that a teacher wrote beside one of a person; 1 makes no difference.",
        ),
    ] = 1.0
    label_smoothing: Annotated[
        float,
        Field(
            ge=0,
            le=0.5,
            title="Label smoothing",
            description="Share of the probability that is spread over all tokens: a model that is less sure of itself.",
        ),
    ] = 0.0
    embedding_noise: Annotated[
        float,
        Field(
            ge=0,
            le=50,
            title="Noise on the inputs",
            description="Alpha of NEFTune, often 5: noise on the embeddings against learning rows by heart.",
        ),
    ] = 0.0
    tracker: Annotated[
        Literal["none", "tensorboard", "trackio", "mlflow", "wandb"],
        Field(title="Tracker", description="An experiment tracker that hears of every step too, if it is installed."),
    ] = "none"
    forgetting_check: Annotated[
        bool,
        Field(
            title="Check what is forgotten",
            description="After training both models read 128 general texts: what tuning cost them in other matters.",
        ),
    ] = True
    seed: Annotated[
        int, Field(ge=0, le=2**31 - 1, title="Seed", description="Of the split, the row order and the new weights.")
    ] = 7

    @property
    def rows_per_step(self) -> int:
        """Rows of one optimizer step."""
        return self.batch_size * self.accumulation


def read_plan(raw: dict[str, Any]) -> Plan:
    """Build a plan from untrusted values (a form, a file, the command line).

    The method's name and options are checked by `core.strategy.methods.read_options`, which `Engine.start` calls too.

    Raises:
        SettingsError: Any value is missing, misspelt or out of range; lists all of them.
    """
    try:
        return Plan(**raw)
    except ValidationError as error:
        raise SettingsError(problems_of(error)) from error
