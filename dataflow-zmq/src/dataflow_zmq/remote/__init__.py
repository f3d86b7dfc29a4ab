"""Flows that are produced in one process and consumed in others, over ZeroMQ."""
