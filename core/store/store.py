"""The store of a home folder: runs, their jobs and events, drafts, studies and judgements."""

from core.store.arrivals import Arrivals
from core.store.drafts import Drafts
from core.store.ends import Ends
from core.store.jobs import Job
from core.store.judgements import Judgement, Judgements
from core.store.log import Record
from core.store.runs import RunRow
from core.store.studies import Studies

__all__ = ["Job", "Judgement", "Record", "RunRow", "Store"]


class Store(Arrivals, Ends, Drafts, Studies, Judgements):
    """All that outlives a process, in one SQLite file; safe to use from several threads and processes at once."""
