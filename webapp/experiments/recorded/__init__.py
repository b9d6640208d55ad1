"""Recorded captions: files that people bring for the classes or the pictures of a classification set."""
