"""Taxonomies: their versions, the page that edits them, the guide."""
