"""A judge compares the answers of base and tuned model."""
