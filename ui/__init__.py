"""The dashboard. No training logic, and never torch."""
