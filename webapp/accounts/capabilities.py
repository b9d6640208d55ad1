"""Who may do what: one table of role × capability. A page names the capability it needs; queries ask here."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

OWNER, RESEARCHER, REVIEWER, ANNOTATOR, VIEWER = "owner", "researcher", "reviewer", "annotator", "viewer"
ROLES = {
    OWNER: _("Owner"),
    RESEARCHER: _("Researcher"),
    REVIEWER: _("Reviewer"),
    ANNOTATOR: _("Annotator"),
    VIEWER: _("Viewer"),
}

# Annotators see their own work and nothing else: a blind campaign must not leak through a data set or a run.
CAPABILITIES: dict[str, frozenset[str]] = {
    "project.view": frozenset(ROLES),
    "project.manage": frozenset({OWNER}),
    "project.create": frozenset({OWNER}),  # held in any project; administrators may as well
    "people.view": frozenset({OWNER, RESEARCHER, REVIEWER}),
    "people.manage": frozenset({OWNER}),
    "audit.view": frozenset({OWNER}),
    "corpus.view": frozenset({OWNER, RESEARCHER, REVIEWER, VIEWER}),
    "corpus.import": frozenset({OWNER, RESEARCHER}),
    "corpus.manage": frozenset({OWNER}),
    "run.view": frozenset({OWNER, RESEARCHER, REVIEWER, VIEWER}),
    "run.launch": frozenset({OWNER, RESEARCHER, REVIEWER}),  # who decides what is true tries a fix as well
    "run.download": frozenset({OWNER, RESEARCHER, REVIEWER}),
    "run.delete": frozenset({OWNER}),
    "case.view": frozenset({OWNER, RESEARCHER, REVIEWER, VIEWER}),
    "case.probe": frozenset({OWNER, RESEARCHER, REVIEWER}),
    "taxonomy.view": frozenset(ROLES),
    "taxonomy.manage": frozenset({OWNER, RESEARCHER}),
    "campaign.view": frozenset({OWNER, RESEARCHER, REVIEWER, VIEWER}),
    "campaign.manage": frozenset({OWNER, RESEARCHER}),
    "label.give": frozenset({OWNER, RESEARCHER, REVIEWER, ANNOTATOR}),  # in the campaigns that they are in
    "label.exchange": frozenset({OWNER, RESEARCHER}),
    "label.adjudicate": frozenset({OWNER, REVIEWER}),
    "agreement.view": frozenset({OWNER, RESEARCHER, REVIEWER, VIEWER}),
    "set.view": frozenset({OWNER, RESEARCHER, REVIEWER, VIEWER}),
    "set.freeze": frozenset({OWNER, RESEARCHER, REVIEWER}),
    "registration.view": frozenset({OWNER, RESEARCHER, REVIEWER, VIEWER}),
    "registration.make": frozenset({OWNER, RESEARCHER, REVIEWER}),  # withdraws as well
    "claim.view": frozenset({OWNER, RESEARCHER, REVIEWER, VIEWER}),
    "claim.make": frozenset({OWNER, RESEARCHER, REVIEWER}),  # downloads as well
    "claim.delete": frozenset({OWNER}),
    "report.view": frozenset({OWNER, RESEARCHER, REVIEWER, VIEWER}),  # downloads as well: it is made to be handed on
    "report.make": frozenset({OWNER, RESEARCHER, REVIEWER}),  # writes its words as well
    "report.remove": frozenset({OWNER}),
}


def roles_with(capability: str) -> frozenset[str]:
    """The roles that hold a capability; KeyError for one that is not in the table: a typo opens no door."""
    return CAPABILITIES[capability]


def role_may(role: str | None, capability: str) -> bool:
    """Whether a role holds a capability."""
    return role in roles_with(capability)
