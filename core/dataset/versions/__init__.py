"""Rows are mended: every change is a new version, and the upload stays."""
