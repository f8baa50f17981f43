"""The teachers, one file each."""

from typing import Any

from core.augment.teachers import local, openai, rules
from core.augment.teachers.teacher import Teacher
from core.registry import Registry

TEACHERS: Registry[Teacher[Any]] = Registry("teacher", [openai.TEACHER, local.TEACHER, rules.TEACHER])
