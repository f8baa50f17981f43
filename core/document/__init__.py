"""Documents to give away: what they are made of, and how they are written."""
