"""Failures that outlive a run: what became of each over the runs of its data set, and what each run repaired."""
