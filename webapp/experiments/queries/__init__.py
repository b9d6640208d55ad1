"""Reads about runs: finished rows, always of one project."""
