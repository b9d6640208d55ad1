"""Captions that a run wrote or a file holds, looked through and changed by people: each change a version beside it."""
