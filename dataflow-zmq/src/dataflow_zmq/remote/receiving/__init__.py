"""A receiver: what it asks for, takes and acknowledges."""
