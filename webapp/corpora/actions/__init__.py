"""Writes about data sets: atomic, their time passed in, each with an event in the audit trail."""
