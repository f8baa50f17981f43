"""Examples, machine and goal become a plan, with a reason for each choice."""
