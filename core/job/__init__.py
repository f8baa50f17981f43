"""Work that takes long: the background thread, the launchers and the worker at their other end."""
