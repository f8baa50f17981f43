"""SQLite: runs, jobs, events, drafts, data sets."""
