"""What verdicts remember, a module an area; everything else imports it from here."""

from webapp.verdicts.models.claims import Claim
from webapp.verdicts.models.registrations import Registration, Withdrawal
from webapp.verdicts.models.reports import Report, ReportText

__all__ = ["Claim", "Registration", "Report", "ReportText", "Withdrawal"]
