"""The ways in which a job can run, most recommended first."""

from core.job.launchers.launcher import LauncherKind
from core.job.launchers.process import ProcessLauncher
from core.job.launchers.thread import ThreadLauncher
from core.registry import Registry

LAUNCHERS: Registry[LauncherKind] = Registry("launcher", [ProcessLauncher, ThreadLauncher])
