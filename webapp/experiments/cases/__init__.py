"""Browsing what a run answered, case by case: filters in the address, pages by key, pictures side by side."""
