"""Flows with no upstream."""
