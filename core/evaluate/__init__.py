"""Did it help? Base against tuned on the same held-out rows."""
