"""Pages of data sets and imports."""
