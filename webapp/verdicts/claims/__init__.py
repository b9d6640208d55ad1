"""A comparison as one file that anybody can check."""
