"""Why a comparison, or a part of it, has no numbers, as the worker writes it, in the reader's language."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from webapp.retold import retold

_SENTENCES = (
    gettext_noop("run %(run)s has changed since; load the page again"),
    gettext_noop("run %(run)s has no cases any more"),
    gettext_noop(
        "run %(run)s and run %(other)s asked different queries, so their outcomes cannot be paired; compare runs of the"
        " same data with the same query set"
    ),
    gettext_noop(
        "%(n)s samples of the set %(set)s are no cases of the baseline any more (the first: case %(case)s): it was"
        " carried out anew with other queries; choose other labels, or the run they came from"
    ),
    gettext_noop("It lost its worker %(n)s times."),
    gettext_noop("It stopped at an unexpected fault (%(fault)s)."),
)
# ml_core.claims.effects says why there is no net change by category.
_NO_NET = (
    gettext_noop("The labels do not say by what chance their queries were drawn."),
    gettext_noop("The stratum '%(stratum)s' of failures has no label."),
    gettext_noop(
        "The labels were drawn from %(n)s failures of another run; the baseline has %(all)s. Compare with the run that"
        " they were drawn from."
    ),
    gettext_noop("%(n)s of the %(all)s queries that this run broke have no label: label the broken ones."),
)


def why_no_net(sentence: str) -> str:
    """Why there is no net change, in the language of now."""
    return retold(sentence, _NO_NET)


def told(failure: str) -> str:
    """The failure in the language of now; what nobody foresaw stays as it is."""
    return retold(failure, _SENTENCES)
