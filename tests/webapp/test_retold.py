"""What a worker wrote is known again by its sentence, and stays as it is where it is none."""

from __future__ import annotations

from django.utils import translation

from webapp.experiments.probing.failures import told
from webapp.retold import retold


def test_a_sentence_is_told_in_the_language_of_now_with_what_stood_in_it():
    with translation.override("zh-hans"):
        assert told("The model “CLIP” is no longer registered.") == "模型“CLIP”已不再登记。"
    assert told("The model “CLIP” is no longer registered.") == "The model “CLIP” is no longer registered."


def test_what_is_none_of_the_sentences_stays():
    with translation.override("zh-hans"):
        assert told("The moon fell down.") == "The moon fell down."


def test_signs_of_patterns_in_a_text_are_signs():
    assert retold("(a) costs 3.50 [x]", ["(%(what)s) costs %(n)s [x]"]) == "(a) costs 3.50 [x]"
    assert retold("xay costs 3", ["(%(what)s) costs %(n)s"]) == "xay costs 3"
