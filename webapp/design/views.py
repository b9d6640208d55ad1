"""The living style page: every component, in one place, as it is used."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from webapp.design import samples
from webapp.design.slides import Slide


def style_page(request: HttpRequest) -> HttpResponse:
    """Shows all components; only where DEBUG is on."""
    if not settings.DEBUG:
        raise Http404
    messages.success(request, "Imported 5,000 pictures and 25,000 captions.")
    messages.warning(request, "12 captions had no picture and were left out.")
    messages.error(request, "The worker stopped. The run waits for another one.")
    drawn = "/static/img/design/"
    values = {
        "form": samples.SampleForm(),
        "wrong": samples.SampleForm({"batch_size": "9000", "learning_rate": "fast", "encoder": "clip", "queue": "cpu"}),
        "plots": samples.plots(),
        "wanted": Slide(
            "Wanted",
            src=drawn + "wanted.svg",
            alt="Two red cups left of a blue bowl",
            number="004218",
            score=0.312,
            tone="repaired",
        ),
        "given": Slide(
            "Retrieved",
            src=drawn + "given.svg",
            alt="A blue bowl left of two red cups",
            number="004219",
            score=0.331,
            tone="near",
        ),
        "text": Slide("Caption", text="Two red cups stand to the left of a blue bowl on a table.", number="021093"),
        "caption": "Two red cups stand to the left of a blue bowl on a wooden table.",
        "states": ["queued", "running", "succeeded", "failed", "cancelled", "archived"],
        "tabs": [
            ("Overview", "#", True),
            ("Failures", "#", False, "17,389"),
            ("Log", "#", False),
            ("Settings", "#", False),
        ],
        "facts": [
            ("Method", "Retrieval evaluation"),
            ("Data set", "COCO val2017, sha-256 9f2c…41"),
            ("Device", "CPU, 2 cores"),
            ("Took", "3 min 05 s"),
        ],
        "command": "python -m ml_core retrieval.evaluate dataset=frozen:inputs encoder=checkpoint:model out=result",
        "swatches": [
            "ground",
            "surface",
            "raised",
            "sunken",
            "mat",
            "hairline",
            "edge",
            "ink",
            "ink-2",
            "ink-3",
            "press",
            "near-dot",
            "repaired-dot",
            "broken-dot",
        ],
    }
    return render(request, "design/style_page.html", values)
