"""Turns an error that no one foresaw into a reason and a piece of advice a person can act on."""

from __future__ import annotations

import errno

from ml_core.generators.types import NoAnswer

_OUT_OF_MEMORY = "Make the batch smaller, choose a smaller model, or use a machine with more memory."


def explain(error: BaseException) -> tuple[str, str]:
    """(what failed, what to do about it), one sentence each."""
    if isinstance(error, NoAnswer):
        return str(error), error.advice
    reason = f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else 'no details'}"
    if isinstance(error, MemoryError) or "OutOfMemory" in type(error).__name__ or "out of memory" in str(error).lower():
        return f"The run ran out of memory ({reason}).", _OUT_OF_MEMORY
    if isinstance(error, ModuleNotFoundError):
        return f"The package {error.name} is not installed.", "Install what requirements/ lists and try again."
    if isinstance(error, FileNotFoundError):
        return (
            f"A file is missing: {error.filename or error}.",
            "Check that it was not moved or deleted, then run again.",
        )
    if isinstance(error, PermissionError):
        return f"A file may not be read or written: {error.filename or error}.", "Check the rights of that folder."
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return "The disk is full.", "Free some space, then resume the run."
    if isinstance(error, (ConnectionError, TimeoutError)):
        return f"A connection failed ({reason}).", "Check the network or the server, then resume the run."
    return f"The run failed ({reason}).", "The whole traceback is in error.log in the run's folder."
