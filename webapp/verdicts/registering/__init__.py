"""Comparisons announced before anybody looked: what was said, whether it was kept, which comparison it covers."""
