"""The teachers, one file each."""

from typing import Any

from core.augment.teachers import openai
from core.augment.teachers.teacher import Teacher
from core.registry import Registry

TEACHERS: Registry[Teacher[Any]] = Registry("teacher", [openai.TEACHER])
