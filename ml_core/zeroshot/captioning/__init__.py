"""Captions of classes and of pictures, written by models or brought along in files."""
