"""Who does what: the workers' part, the feed, and its tasks."""
