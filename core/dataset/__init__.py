"""A file becomes examples."""
