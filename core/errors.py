"""What can go wrong for a user, as one tree.

    FewtuneError
    ├── Stopped                the work ended early because someone asked it to
    └── UserError              something the user can mend; says what happened and what to do
        ├── SettingsError      a plan or a form with one or more wrong values; lists all of them
        ├── DataError          a file that cannot be read or understood
        ├── ModelError         a model that cannot be found, read or trusted
        ├── ChangedError       what decides a run is not what it was; lists all of it
        ├── MachineError       too little memory or disk, a port in use, a missing library
        │   └── MemoryFullError    of memory alone: a smaller plan would fit
        ├── BusyError          the same is going on already, or something beside it would disturb it
        └── NotFoundError      no run, dataset or entry of that name

Core raises; it never returns "" for success or a string for failure. The page and the command line show `what` and
`fix`.
"""

from collections.abc import Mapping


class FewtuneError(Exception):
    """The root of everything that Fewtune raises on purpose."""


class Stopped(FewtuneError):  # noqa: N818 - an event, not a fault
    """The work ended early because someone asked it to stop."""


class UserError(FewtuneError):
    """Something happened that the user can mend.

    `what` says what happened, `fix` what to do next: a sentence or two each, with the row, file or number.
    """

    cause = ""
    """For those who offer the next step: "memory", "changed", or empty."""

    def __init__(self, what: str, fix: str = "", problems: Mapping[str, str] | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix
        self.problems = dict(problems or {})

    def __str__(self) -> str:
        return f"{self.what} {self.fix}".strip()

    def as_json(self) -> dict[str, object]:
        """The shape in which the command line and the HTTP API report an error."""
        return {"error": {"what": self.what, "fix": self.fix, "problems": self.problems}}


class SettingsError(UserError):
    """One or more values are missing, misspelt or out of range; `problems` holds all of them by field."""

    def __init__(self, problems: Mapping[str, str], fix: str = "Mend the values named and try again.") -> None:
        listed = "; ".join(f"{field}: {problem.rstrip('.')}" for field, problem in problems.items())
        count = f"{len(problems)} settings are" if len(problems) != 1 else "One setting is"
        super().__init__(f"{count} wrong: {listed}.", fix, problems)


class DataError(UserError):
    """A file cannot be read, or is not what a dataset must be."""


class ModelError(UserError):
    """A model cannot be found, read or trusted."""


class ChangedError(UserError):
    """What decides a run is not what it was when its weights were written; `problems` holds all that differs."""

    cause = "changed"


class MachineError(UserError):
    """This machine lacks something: memory, disk, a port, a library."""


class MemoryFullError(MachineError):
    """The memory of the computer or of its GPU does not suffice; a smaller plan would fit."""

    cause = "memory"


class BusyError(UserError):
    """The same is going on already, or what goes on would be disturbed."""


class NotFoundError(UserError):
    """Nothing has that name."""
