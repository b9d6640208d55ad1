"""The forgotten-password page: allauth's, but it says whom to ask where no mail can be sent."""

from __future__ import annotations

from typing import Any

from allauth.account.views import PasswordResetView
from django.conf import settings


class ForgottenPassword(PasswordResetView):
    """Sends a link by mail; the answer is the same whether the address has an account or not."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Adds whether mail can be sent."""
        return super().get_context_data(**kwargs) | {"has_mail": settings.NEARMISS_HAS_MAIL}
