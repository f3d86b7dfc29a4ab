"""The engine: tasks in flight, results in order, lost tasks again; whatever the backend is."""
