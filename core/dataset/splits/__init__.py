"""Rows are held apart without leakage: what belongs together is found first, then divided."""
