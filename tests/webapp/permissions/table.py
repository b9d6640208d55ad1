"""What each role may do: the expectation, written out by hand and never taken from the code that it checks."""

from __future__ import annotations

OWNER, RESEARCHER, REVIEWER, ANNOTATOR, VIEWER = ROLES = ("owner", "researcher", "reviewer", "annotator", "viewer")

# Doors that no capability of a project opens.
OPEN = "open"  # everybody, strangers too
PERSON = "person"  # everybody who is signed in, to what is theirs
UNBOUND = "unbound"  # the same, but for a token that reaches one project alone
ADMINISTRATOR = "administrator"  # administrators of the installation
STAGE = "stage"  # the middle of signing in: everybody who is not there is sent to the login page
ANYWHERE = "anywhere:"  # + capability: who holds it in any project, and administrators

TABLE: dict[str, set[str]] = {
    "project.view": {OWNER, RESEARCHER, REVIEWER, ANNOTATOR, VIEWER},
    "project.manage": {OWNER},
    "project.create": {OWNER},
    "people.view": {OWNER, RESEARCHER, REVIEWER},
    "people.manage": {OWNER},
    "audit.view": {OWNER},
    "corpus.view": {OWNER, RESEARCHER, REVIEWER, VIEWER},
    "corpus.import": {OWNER, RESEARCHER},
    "corpus.manage": {OWNER},
    "run.view": {OWNER, RESEARCHER, REVIEWER, VIEWER},
    "run.launch": {OWNER, RESEARCHER, REVIEWER},
    "run.download": {OWNER, RESEARCHER, REVIEWER},
    "run.delete": {OWNER},
    "case.view": {OWNER, RESEARCHER, REVIEWER, VIEWER},
    "case.probe": {OWNER, RESEARCHER, REVIEWER},
    "taxonomy.view": {OWNER, RESEARCHER, REVIEWER, ANNOTATOR, VIEWER},
    "taxonomy.manage": {OWNER, RESEARCHER},
    "campaign.view": {OWNER, RESEARCHER, REVIEWER, VIEWER},
    "campaign.manage": {OWNER, RESEARCHER},
    "label.give": {OWNER, RESEARCHER, REVIEWER, ANNOTATOR},
    "label.exchange": {OWNER, RESEARCHER},
    "label.adjudicate": {OWNER, REVIEWER},
    "agreement.view": {OWNER, RESEARCHER, REVIEWER, VIEWER},
    "set.view": {OWNER, RESEARCHER, REVIEWER, VIEWER},
    "set.freeze": {OWNER, RESEARCHER, REVIEWER},
    "registration.view": {OWNER, RESEARCHER, REVIEWER, VIEWER},
    "registration.make": {OWNER, RESEARCHER, REVIEWER},
    "claim.view": {OWNER, RESEARCHER, REVIEWER, VIEWER},
    "claim.make": {OWNER, RESEARCHER, REVIEWER},
    "claim.delete": {OWNER},
    "report.view": {OWNER, RESEARCHER, REVIEWER, VIEWER},
    "report.make": {OWNER, RESEARCHER, REVIEWER},
    "report.remove": {OWNER},
}
