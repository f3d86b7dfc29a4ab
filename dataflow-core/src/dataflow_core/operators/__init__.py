"""Flows over other flows."""
