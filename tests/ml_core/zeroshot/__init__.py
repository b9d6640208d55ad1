"""The tests of zero-shot classification."""
