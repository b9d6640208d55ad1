"""Campaigns: planning, opening, people, progress, states."""
