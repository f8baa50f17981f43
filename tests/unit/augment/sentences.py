"""Sentences of two kinds, and a teacher who knows them."""

import json
import random
import re

from tests.unit.augment.endpoint import completion

THINGS = {
    "fruit": ["apple", "pear", "plum", "cherry", "grape", "melon", "lemon", "peach", "mango", "berry"],
    "tool": ["hammer", "saw", "drill", "wrench", "chisel", "pliers", "ladder", "clamp", "shovel", "rake"],
}
OTHERS = [f"{head}{tail}" for head in ("ba", "de", "fi", "go", "lu", "mar") for tail in ("ning", "sto", "vel", "tri")]


def sentence(chance, label):
    words = [*chance.sample(THINGS[label], 4), *chance.sample(OTHERS, chance.randint(5, 9))]
    chance.shuffle(words)
    return f"{' '.join(words).capitalize()}."


def good_answer(number, body):
    """Four rows of the wanted label that nobody has seen yet."""
    label = re.search(r'all with the label "(\w+)"', body["messages"][1]["content"])[1]
    chance = random.Random(f"row {number} {label}")
    return completion(json.dumps([{"text": sentence(chance, label), "label": label} for _ in range(4)]))


def good(number, body):
    return 200, {}, good_answer(number, body)
