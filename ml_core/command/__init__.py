"""The command line `python -m ml_core`: reads settings, runs one method, keeps what it says."""
