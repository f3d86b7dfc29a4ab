"""What the speeds are limited by: the same work without a loader around it."""
