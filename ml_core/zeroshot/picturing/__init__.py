"""Draws what a classification's answers rest on and where its vectors lie."""
