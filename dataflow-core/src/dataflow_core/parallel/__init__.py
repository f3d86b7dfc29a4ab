"""How a pipeline runs in several workers: the plan, the engine, the backends."""
