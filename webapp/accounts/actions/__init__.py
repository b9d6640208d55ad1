"""Writes about people, projects and roles: atomic, their time passed in, each with an event in the audit trail."""

from webapp.accounts.actions.audit import record

__all__ = ["record"]
