"""What a change did: comparisons of runs."""
