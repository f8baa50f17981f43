"""Candidates are judged, cheap checks first; what is left is chosen so that the rows differ."""
