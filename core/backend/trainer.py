"""TRL's trainer with rows laid end to end, own validation, own checkpoints, and a stop that is obeyed."""

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from transformers import PrinterCallback
from transformers.trainer_callback import TrainerCallback, TrainerControl
from transformers.trainer_utils import set_seed
from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from core.backend import weights
from core.backend.averaging import Averaging
from core.backend.checkpoints import checkpoint_folder
from core.backend.keeper import Keeper
from core.backend.model import Loaded
from core.backend.objective import Noise, Objective
from core.backend.pace import Clock, Pace
from core.backend.rows import Layout, by_size
from core.backend.tokens import Encoded
from core.errors import UserError
from core.strategy.plan import Plan

SCHEDULES = {"cosine": "cosine", "linear": "linear", "constant": "constant_with_warmup"}
LARGEST_GRADIENT = 1.0
"""Gradients longer than this are shortened to it."""


@dataclass(frozen=True, slots=True)
class Work:
    """What one attempt trains with."""

    plan: Plan
    folder: Path
    """The run's."""
    loaded: Loaded
    """Its model is readied by the method."""
    train: Sequence[Encoded]
    validation: Sequence[Encoded]
    layout: Layout
    pace: Pace
    clock: Clock = field(default_factory=Clock)
    base: str = ""
    """A sum of the untuned weights."""


class RowTrainer(SFTTrainer):
    """One attempt of a run."""

    control: TrainerControl

    def __init__(self, work: Work, keeper: Keeper, reporter: TrainerCallback, stopping: Callable[[], bool]) -> None:
        self.work = work
        self.keeper = keeper
        self.stopping = stopping
        self.averaging = Averaging(work.folder, work.loaded.model, wanted=work.plan.averaging)
        self.objective = Objective.of(work.plan)
        self.noise = Noise(work.plan.embedding_noise)
        self.noise.watch(work.loaded.model)
        self.tokens_seen = 0
        """Real tokens of this attempt."""
        self.sample: Callable[[Any, int], None] | None = None
        """Called after a validation with the model and the step."""
        super().__init__(
            model=work.loaded.model,
            args=_arguments(work),
            train_dataset=Dataset.from_dict({"row": list(range(len(work.train)))}),
            data_collator=self._collate,
            processing_class=work.loaded.tokenizer,
            callbacks=[reporter],
        )
        # Our loss is divided by the answer tokens of the whole step already.
        self.loss_is_scaled_for_ga = True
        self.remove_callback(PrinterCallback)
        for learned in self.model.parameters():
            # The library casts a quantised model's adapters to bf16, in which small updates round to nothing.
            if learned.requires_grad and learned.dtype == torch.bfloat16:
                learned.data = learned.data.float()

    def compute_loss(
        self,
        model: Any,  # noqa: ANN401
        inputs: dict[str, Any],
        return_outputs: bool = False,  # noqa: FBT001, FBT002
        num_items_in_batch: Any = None,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        """Mean loss of the whole optimizer step by the plan's objective, of which this batch brings its share."""
        rows = [self.work.train[index] for index in inputs["row"].tolist()]
        self.tokens_seen += sum(len(row.input_ids) for row in rows)
        *before, last = self.work.layout.passes(rows)
        done = 0.0
        for part in before:
            loss = self._share(model, part, num_items_in_batch)
            self.accelerator.backward(loss)
            done += loss.detach()
        return self._share(model, last, num_items_in_batch) + done

    def _share(self, model: Any, rows: Sequence[Encoded], tokens: Any) -> Any:  # noqa: ANN401
        self.noise.lengths = [len(row.input_ids) for row in rows]
        with self.work.loaded.autocast():
            return self.objective.loss(self.work.layout, model, rows) / tokens

    def training_step(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """Forward and backward of one batch.

        Raises:
            UserError: The loss is not a finite number; no weights were changed by it.
        """
        loss = super().training_step(*args, **kwargs)
        if not bool(torch.isfinite(loss)):
            raise self._not_finite("training loss")
        return loss

    def _get_grad_norm(self, model: Any, grad_norm: Any = None) -> float | None:  # noqa: ANN401
        norm = super()._get_grad_norm(model, grad_norm=grad_norm)
        if norm is not None and not math.isfinite(float(norm)):
            raise self._not_finite("gradient")
        return None if norm is None else float(norm)

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:  # noqa: ANN401
        """Mean loss per answer token over the validation rows; nothing where a stop came in between.

        Raises:
            UserError: The loss is not a finite number.
        """
        self.work.clock.pause()
        loss = self._validation_loss()
        if loss is None:
            self.control.should_training_stop = self.control.should_save = True
            self.control.should_evaluate = False
            return {}
        if not math.isfinite(loss):
            raise self._not_finite("validation loss")
        metrics = {"eval_loss": loss}
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        self.averaging.validated(self.model, self.state.global_step, loss)
        self.keeper.validated(self.model, self.state.global_step, float(self.state.epoch or 0), loss)
        if self.sample is not None:
            self.sample(self.model, self.state.global_step)
        if self.keeper.patience_is_out:
            self.control.should_training_stop = True
        if self.state.global_step and (self.keeper.checkpoint_is_due() or self.control.should_training_stop):
            self.control.should_save = True
        return metrics

    def create_optimizer(self, model: Any = None) -> Any:  # noqa: ANN401
        """AdamW; where the plan wishes it (LoRA+), LoRA's second matrices learn at a multiple of the rate."""
        optimizer = super().create_optimizer(model)
        quicken(optimizer, self.model, float(self.work.plan.options.get("b_rate", 1.0)))
        return optimizer

    def validate_first(self) -> None:
        """Score the validation rows before any step, so that the curve has a start."""
        loss = self._validation_loss()
        if loss is not None:
            self.keeper.validated(self.model, 0, 0.0, loss)

    def average(self) -> None:
        """At the end, keep the mean of the weights that validated best, where it validates better than each."""
        steps = self.averaging.put_mean(self.model)
        loss = self._validation_loss() if steps else None
        if loss is not None and self.keeper.best_loss is not None and loss < self.keeper.best_loss:
            self.keeper.keep_mean(self.model, steps, loss)

    def _validation_loss(self) -> float | None:
        model, total, count = self.model, 0.0, 0
        model.eval()
        try:
            with torch.no_grad(), self.work.loaded.autocast():
                for rows in by_size(self.work.validation):
                    if self.stopping():
                        return None
                    total += float(self.work.layout.nats(model, rows))
                    count += sum(row.scored for row in rows)
        finally:
            model.train()
        return total / count

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:  # noqa: ANN401
        folder = Path(resume_from_checkpoint)
        if weights.is_part(folder):
            weights.read(self.model, folder)
        else:
            super()._load_from_checkpoint(resume_from_checkpoint, model)

    def _save_checkpoint(self, model: Any, trial: Any) -> None:  # noqa: ANN401
        """Write everything that a resumed attempt needs, or nothing."""
        self.work.clock.pause()

        def fill(folder: Path) -> None:
            weights.write(self.model, folder)
            self._save_optimizer_and_scheduler(str(folder))
            self._save_rng_state(str(folder))
            self.state.save_to_json(str(folder / "trainer_state.json"))

        step = self.state.global_step
        self.keeper.checkpoint(checkpoint_folder(self.work.folder, step), step, fill)

    def get_batch_samples(self, epoch_iterator: Any, num_batches: int, device: Any) -> tuple[list[Any], Any]:  # noqa: ANN401
        """The batches of one optimizer step, and what their losses are divided by."""
        batches = []
        for _ in range(num_batches):
            batch = next(epoch_iterator, None)
            if batch is None:
                break
            batches.append(batch)
        rows = [self.work.train[index] for batch in batches for index in batch["row"].tolist()]
        return batches, self.objective.amount(rows)

    def floating_point_ops(self, inputs: dict[str, Any]) -> int:
        """Not counted."""
        return 0

    def _collate(self, picked: list[dict[str, int]]) -> dict[str, torch.Tensor]:
        return {"row": torch.tensor([one["row"] for one in picked])}

    def _not_finite(self, what: str) -> UserError:
        step = self.state.global_step + (what != "validation loss")
        kept = self.keeper.best_step
        rest = f"The best weights so far, of step {kept}, are kept." if kept else "No weights were kept."
        return UserError(
            f"The {what} was not a finite number at step {step}, with a peak learning rate of "
            f"{self.work.plan.learning_rate:g}. {rest}",
            f"Set the learning rate to {self.work.plan.learning_rate / 10:g} or precision to fp32, and start again.",
        )


def quicken(optimizer: torch.optim.Optimizer, model: Any, times: float) -> None:  # noqa: ANN401
    """Let LoRA's second matrices learn `times` as fast: Hayou et al., LoRA+ (arXiv 2402.12354), section 4."""
    if times == 1.0:
        return
    second = {id(matrix) for name, matrix in model.named_parameters() if ".lora_B." in name}
    for group in list(optimizer.param_groups):
        fast = [matrix for matrix in group["params"] if id(matrix) in second]
        if fast:
            group["params"] = [matrix for matrix in group["params"] if id(matrix) not in second]
            optimizer.add_param_group({**group, "params": fast, "lr": group["lr"] * times})


def seed_everything(seed: int) -> None:
    """Start all random numbers from `seed`."""
    set_seed(seed)
    random.seed(seed)


def _arguments(work: Work) -> SFTConfig:
    plan = work.plan
    arguments = SFTConfig(
        output_dir=str(work.folder / "checkpoints"),
        num_train_epochs=plan.epochs,
        per_device_train_batch_size=plan.batch_size,
        gradient_accumulation_steps=plan.accumulation,
        learning_rate=plan.learning_rate,
        weight_decay=plan.weight_decay,
        lr_scheduler_type=SCHEDULES[plan.schedule],
        warmup_steps=math.ceil(plan.warmup_share * work.pace.total_steps),
        optim="adamw_torch_fused",
        max_grad_norm=LARGEST_GRADIENT,
        gradient_checkpointing=plan.gradient_checkpointing,
        gradient_checkpointing_kwargs={"use_reentrant": False} if plan.gradient_checkpointing else None,
        seed=plan.seed,
        data_seed=plan.seed,
        # Precision is ours (see `Loaded.autocast`): the head and attention are left out of it where that is faster.
        bf16=False,
        fp16=False,
        use_cpu=not work.loaded.device.is_gpu,
        max_length=None,
        packing=False,
        dataset_kwargs={"skip_prepare_dataset": True},
        remove_unused_columns=False,
        dataloader_num_workers=0,
        dataloader_pin_memory=False,
        eval_strategy="no",
        eval_on_start=False,
        save_strategy="no",
        logging_strategy="steps",
        logging_steps=1,
        # The default turns a loss that is not a number into 0.0.
        logging_nan_inf_filter=False,
        # A tracker joins as a callback of its own, which may fail (see `tracking`).
        report_to="none",
        project="fewtune",
        run_name=work.folder.name,
        disable_tqdm=True,
        push_to_hub=False,
    )
    # Several GPUs would make the library split batches among threads; this launcher uses one.
    arguments._n_gpu = min(1, arguments.n_gpu)
    return arguments
