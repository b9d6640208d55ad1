"""Reports: what a loop came to, gathered from where it is counted, and kept as it stood."""
