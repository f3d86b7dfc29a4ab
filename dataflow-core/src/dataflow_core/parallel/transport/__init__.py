"""How tasks and results get from one process to another: bytes, and memory that is shared."""
