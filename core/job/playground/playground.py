"""The door to the playground: one run's models at a time, one question at a time, seen by every tab."""

import threading
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from core.dataset.choice import DataChoice
from core.dataset.example import Split
from core.errors import BusyError, NotFoundError
from core.evaluate.evaluation import read_evaluation
from core.job.playground.choices import BASE, BEST, Weights, refuse_unfit, weights_of
from core.job.playground.ground import Ground, Grounds
from core.job.playground.heard import heard, over
from core.job.playground.question import Question, Standing
from core.job.playground.saved import SavedPrompts
from core.job.playground.session import Session
from core.store.store import Store
from core.strategy.machine import probe
from core.strategy.model_facts import read_facts
from core.strategy.plan import Plan

IDLE_SECONDS = 300.0
"""After which the models are let go, so that their memory is free for others."""
_STOP_SECONDS = 5.0
"""After which a stop that nobody heeds ends the process."""
_LOOK_SECONDS = 1.0
"""Between two looks whether a run begins, which the models make room for."""


class Playground:
    """Base and tuned models of one home, asked by people."""

    def __init__(self, store: Store, split: Callable[[DataChoice, int], Split], idle: float = IDLE_SECONDS) -> None:
        """`split` divides the rows of a choice by a seed; `idle` is in seconds."""
        self._store = store
        self._idle = idle
        self._grounds = Grounds(split, lambda run_id: read_evaluation(store.run_folder(run_id)))
        self._lock = threading.RLock()
        self._session: Session | None = None
        self._key: tuple[str, str, str] = ("", "", "")
        self._facts: dict[str, Any] = {}
        self._standing: Standing | None = None
        self._number = 0
        self._saves = 0
        self.saved = SavedPrompts(store.draft, self._write)
        """Prompts that people keep."""

    def ground(self, run_id: str) -> Ground:
        """The held-out rows of a run, and what its prompts have in common.

        Raises:
            NotFoundError: There is no such run.
        """
        return self._grounds.of(run_id, Plan(**self._store.run(run_id).plan))

    def weights(self, run_id: str) -> list[Weights]:
        """What of a run can be tried, the best first; never empty for a run that writes.

        Raises:
            NotFoundError: There is no such run.
        """
        row = self._store.run(run_id)
        return weights_of(self._store.run_folder(run_id), Plan(**row.plan))

    @property
    def stamp(self) -> str:
        """Changes when a question begins or ends, and when a prompt is saved or deleted."""
        standing = self._standing
        return f"{self._number} {standing.is_over if standing else ''} {self._saves} {self.holds}"

    @property
    def holds(self) -> str:
        """Id of the run whose models are in memory; empty where none are."""
        session = self._session
        return self._key[0] if session is not None and session.is_loaded and not session.is_over else ""

    def standing(self, run_id: str) -> Standing | None:
        """The last question to a run, and how far its answers are; None where none was asked."""
        standing = self._standing
        return standing if standing is not None and standing.question.run_id == run_id else None

    def ask(self, question: Question) -> int:
        """Begin to answer; the models are loaded first where they are not. Gives the question's number.

        Raises:
            UserError: Nothing is asked, or the data say nothing of the run's labels.
            NotFoundError: There is no such run, or it has no such weights.
            ModelError: The model is not there.
            MachineError: There is too little memory.
            BusyError: Another answer is being written.
        """
        row = self._store.run(question.run_id)
        plan, folder = Plan(**row.plan), self._store.run_folder(question.run_id)
        ground = self._grounds.of(question.run_id, plan)
        asked = ground.asked(question)
        with self._lock:
            if self._standing is not None and not self._standing.is_over:
                raise BusyError("Another answer is being written.", "Wait for its end, or stop it.")
            chosen = _chosen(weights_of(folder, plan), question.weights)
            key = (question.run_id, chosen.name, chosen.stamp)
            if key != self._key or self._session is None or self._session.is_over:
                self._load(plan, question.run_id, chosen, ground.labels)
                self._key = key
            active = self._store.active()
            self._number += 1
            self._standing = Standing(
                number=self._number,
                question=question,
                asked=asked,
                about="" if self._session and self._session.is_loaded else "Loading the models",
                caution="A run is going on, so both take longer." if active is not None else "",
                **self._facts,
            )
            if self._session is not None:
                turns = [asdict(turn) for turn in asked.turns]
                drawing = question.drawing.model_dump()
                message = {"ask": self._number, "turns": turns, "text": asked.text, "labels": asked.labels}
                self._session.send({**message, "drawing": drawing})
            return self._number

    def stop(self) -> None:
        """End the answer that is written after its next token; where the models are still loaded, end that."""
        with self._lock:
            standing, session = self._standing, self._session
            if standing is None or standing.is_over or session is None:
                return
            self._standing = replace(standing, about="Stopping")
            if not session.is_loaded:
                self._standing = over(standing, was_stopped=True)
                threading.Thread(target=session.end, daemon=True).start()
                return
            session.send({"stop": standing.number})
            timer = threading.Timer(_STOP_SECONDS, self._insist, (session, standing.number))
            timer.daemon = True
            timer.start()

    def leave(self) -> None:
        """Let the models go, so that their memory is free."""
        with self._lock:
            session, self._session = self._session, None
            if self._standing is not None and not self._standing.is_over:
                self._standing = over(self._standing, was_stopped=True)
        if session is not None:
            session.end()

    def close(self) -> None:
        """End what ends with this program."""
        self.leave()

    def _load(self, plan: Plan, run_id: str, chosen: Weights, labels: tuple[str, ...]) -> None:
        if self._session is not None:
            session, self._session = self._session, None
            session.end()
        facts = read_facts(plan.model)
        refuse_unfit(plan, facts, probe(self._store.home), chosen.name)
        wish = {
            "plan": plan.model_dump(mode="json"),
            "folder": str(self._store.run_folder(run_id)),
            "weights": chosen.name,
            "labels": labels,
            "idle": self._idle,
        }
        self._facts = {"who": _who(plan, chosen)}
        self._session = Session(wish, self._store.home, self._hear)
        beside = {job.id for job in self._store.soon()}
        threading.Thread(target=self._make_room, args=(self._session, beside), daemon=True).start()

    def _hear(self, session: Session, said: dict[str, Any]) -> None:
        with self._lock:
            if session is not self._session:
                return
            if said["said"] == "ready":
                self._facts = {name: said[name] for name in ("device", "step")} | {"who": tuple(said["sides"])}
            standing = self._standing
            if standing is not None and not standing.is_over and said.get("number") in {standing.number, None}:
                self._standing = heard(standing, said)

    def _insist(self, session: Session, number: int) -> None:
        """End a process that did not stop."""
        with self._lock:
            standing = self._standing
            if standing is None or standing.number != number or standing.is_over:
                return
            self._standing = over(standing, was_stopped=True)
        session.end()

    def _make_room(self, session: Session, beside: set[int]) -> None:
        """Let the models go once a run begins that was not there when they were loaded, and nobody waits for words."""
        while not session.wait(_LOOK_SECONDS):
            begun = {job.id for job in self._store.soon()} - beside
            with self._lock:
                if self._session is not session:
                    return
                waits = self._standing is not None and not self._standing.is_over
            if begun and not waits:
                session.end()

    def _write(self, key: str, values: dict[str, Any]) -> None:
        self._store.save_draft(key, values)
        self._saves += 1


def _chosen(there: list[Weights], name: str) -> Weights:
    """The weights of that name.

    Raises:
        NotFoundError: There are none.
    """
    found = next((one for one in there if one.name == name), None)
    if found is not None:
        return found
    if name == BEST:
        raise NotFoundError("This run has kept no weights yet.", "Let it train until its first validation.")
    told = ", ".join(one.title.lower() for one in there) or "none yet"
    raise NotFoundError("These weights are not there any more: newer ones took their place.", f"There are: {told}.")


def _who(plan: Plan, chosen: Weights) -> tuple[str, ...]:
    if chosen.name == BASE:
        return ("base",)
    return ("tuned",) if plan.head == "class" else ("base", "tuned")
