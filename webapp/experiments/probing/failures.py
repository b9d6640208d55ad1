"""Why a caption has no answer, as the worker writes it, in the reader's language."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from webapp.retold import retold

_SENTENCES = (
    gettext_noop("The worker died over it %(n)s times; its log says more."),
    gettext_noop(
        "The process with the encoder gave no answer: it was killed: the machine may have run out of memory. Try again."
    ),
    gettext_noop("The process with the encoder gave no answer: it took longer than %(n)s seconds. Try again."),
    gettext_noop("The process with the encoder gave no answer: it ended. Try again."),
    gettext_noop("It stopped at an unexpected fault (%(fault)s); the log of the probe worker says more."),
    gettext_noop("The case is no longer there."),
    gettext_noop("The run does not say which embeddings it used; run it again."),
    gettext_noop("The embeddings that are kept give rank %(now)s, the run said %(then)s; run it again."),
    gettext_noop("The model has other weights now than those that the run used."),
    gettext_noop("The data set is not the one that the run was evaluated on."),
    gettext_noop("The data set has no caption %(number)s."),
    gettext_noop("The run's embeddings are damaged (%(problem)s); run it again."),
    gettext_noop("The run's embeddings are no longer kept; run it again."),
    gettext_noop("This run's encoder is a file of vectors: a changed caption cannot be encoded."),
    gettext_noop("The model “%(model)s” is no longer registered."),
    gettext_noop("The data set %(number)s is no longer there."),
    gettext_noop("Run %(run)s (%(method)s) left no model."),
    gettext_noop("Run %(run)s, which this run needs, has not succeeded."),
)


def told(failure: str) -> str:
    """The failure in the language of now; what nobody foresaw stays as it is."""
    return retold(failure, _SENTENCES)
