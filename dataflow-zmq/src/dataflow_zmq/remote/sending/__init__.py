"""A sender: what it produces, keeps and serves."""
