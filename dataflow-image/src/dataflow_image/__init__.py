"""DataFlow."""
