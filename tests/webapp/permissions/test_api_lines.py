"""A page shows the API call for what it shows, or there is a reason why no program needs it."""

from __future__ import annotations

from django.urls import reverse

from tests.webapp.permissions.checking import parts
from tests.webapp.permissions.world import World

FORM = "a form alone; test_twins.py names its call"
NONE = {
    "accounts:administration": "a list of the administrators' pages",
    "accounts:setup": "nobody has an account yet",
    "accounts:invitation": "nobody has an account yet",
    "annotation:campaign_new": FORM,
    "annotation:campaign_upload": FORM,
    "annotation:label_file": FORM,
    "annotation:decide": FORM,
    "annotation:freeze": FORM,
    "annotation:example_of_case": FORM,
    "annotation:example_of_sample": FORM,
    "annotation:taxonomy_edit": FORM,
    "verdicts:registration_new": FORM,
    "dashboards:report_new": FORM,
    "dashboards:report_words": FORM,
    "annotation:label": "labelling itself, for a person at the page",
    "annotation:feedback": "what an annotator is told of their own answers, for a person",
    "annotation:own_feedback": "what an annotator is told of their own answers, for a person",
    "annotation:own_sample": "what an annotator is told of their own answers, for a person",
    "verdicts:claiming": "a form that waits for its comparison; its call is that of the claims",
    "verdicts:compare": "a choice of runs: what is then compared shows its call",
    "dashboards:report_file": "the report as a file of its own",
}


def test_a_page_shows_its_call_of_the_api(world: World):
    world.owner.is_superuser = True
    world.owner.save()
    knocker = next(one for one in world.knockers if one.user == world.owner and not one.token)
    silent, seen = [], 0
    for row in [row for module in parts().values() for row in module.ROWS]:
        if "GET" not in row.needs or ":api_" in row.name or ":" not in row.name or row.name in NONE:
            continue
        answer = knocker.client.get(reverse(row.name, kwargs=row.kwargs(world, knocker)))
        if answer.status_code != 200 or answer.streaming or b"</html>" not in answer.content:
            continue  # a download, a part of a page, or a way on
        seen += 1
        if b"/api/v1/" not in answer.content:
            silent.append(row.name)
    assert silent == [], " ".join(silent)
    assert seen > 40
