"""Trying other captions on a case: a wish stands in a row, a worker with the encoder in memory answers into it."""
