"""What the loaders of a comparison are all given to do."""
