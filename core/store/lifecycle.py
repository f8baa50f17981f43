"""The table of legal moves between the states of a job."""

from core.errors import FewtuneError
from core.events import RunState as S

_ENDS = frozenset({S.STOPPING, S.DONE, S.FAILED, S.LOST})

NEXT: dict[S, frozenset[S]] = {
    S.QUEUED: frozenset({S.PREPARING, S.STOPPED, S.FAILED, S.LOST}),
    S.PREPARING: _ENDS | {S.TRAINING, S.EVALUATING, S.EXPORTING},
    S.TRAINING: _ENDS | {S.PAUSED, S.EVALUATING},
    # A pause that came after the last step finds nothing to wait before: the scoring goes on.
    S.PAUSED: _ENDS | {S.TRAINING, S.EVALUATING},
    S.EVALUATING: _ENDS,
    S.EXPORTING: _ENDS,
    # A worker that had finished when the stop arrived says DONE; nobody is told that its work was thrown away.
    S.STOPPING: frozenset({S.STOPPED, S.DONE, S.FAILED, S.LOST}),
    S.DONE: frozenset(),
    S.STOPPED: frozenset(),
    S.FAILED: frozenset(),
    S.LOST: frozenset(),
}


class IllegalMove(FewtuneError):  # noqa: N818 - names what was tried
    """A job was asked to go where its state does not lead: a bug, or a stop that arrived in between."""


def advance(state: S, then: S) -> S:
    """Return `then` if a job may go there from `state`.

    Raises:
        IllegalMove: The table does not lead there.
    """
    if then not in NEXT[state]:
        raise IllegalMove(f"A job cannot go from {state} to {then}.")
    return then
