"""What a parallel flow iterates over: results as datapoints, and the place after each."""
