"""Who may use an API view that names no door: nobody. Apart from doors.py, which DRF must not load early."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request


class Closed(BasePermission):
    """Admits nobody."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Never."""
        return False
