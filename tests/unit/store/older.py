"""Turns the file of a store into what earlier versions of Fewtune wrote."""

import sqlite3

from core.store.schema import FILE_NAME, VERSION

BACK = {
    5: """DROP INDEX one_job_per_lane; ALTER TABLE jobs DROP COLUMN lane; ALTER TABLE jobs DROP COLUMN waits;
    ALTER TABLE queue DROP COLUMN at_once; ALTER TABLE queue DROP COLUMN room_gib;
    CREATE UNIQUE INDEX one_job_at_work ON jobs ((1))
    WHERE state NOT IN ('DONE', 'STOPPED', 'FAILED', 'LOST') AND state <> 'QUEUED';""",
    4: "DROP TABLE judgements;",
    3: "DROP TABLE studies;",
    2: "DROP TABLE landmarks;",
    1: """DROP INDEX one_job_at_work; DROP INDEX one_job_per_run; DROP TABLE queue;
    CREATE UNIQUE INDEX one_active_job ON jobs ((1)) WHERE state NOT IN ('DONE', 'STOPPED', 'FAILED', 'LOST');
    ALTER TABLE jobs DROP COLUMN place; ALTER TABLE jobs DROP COLUMN not_before;
    ALTER TABLE jobs DROP COLUMN held; ALTER TABLE jobs DROP COLUMN wish; ALTER TABLE jobs DROP COLUMN told;""",
}
"""What undoes the step that leads on from each version."""


def make_older(home, version):
    """Let the store of `home`, which is closed, be as that version had it."""
    database = sqlite3.connect(home / FILE_NAME)
    for step in range(VERSION - 1, version - 1, -1):
        database.executescript(BACK[step])
    database.execute(f"PRAGMA user_version = {version}")
    database.close()
