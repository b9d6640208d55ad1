"""The design system: numbers with their intervals, contrast in both lights, and what no template may contain."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from django import forms
from django.contrib.staticfiles import finders
from django.template import Context, Template
from django.template.loader import get_template, render_to_string
from django.test import RequestFactory

from webapp.design import navigation, numbers
from webapp.design.plots import Plot, Series

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
STYLES = sorted((ROOT / "static/css").glob("*.css"))
NAMES = [str(path.relative_to(ROOT / "templates")) for path in TEMPLATES]


def render(source: str, **values: object) -> str:
    return Template("{% load nearmiss %}" + source).render(Context(values))


# Numbers -------------------------------------------------------------------------------------------------------------


def test_a_measured_number_stands_with_its_interval_as_a_whisker_and_its_n() -> None:
    page = render('{% number 0.3044 0.2964 0.3127 25000 "percent" %}')
    assert "30.4" in page and "29.6–31.3" in page and "25,000" in page
    assert 'd="M29.64 1V11M29.64 6H31.27M31.27 1V11"' in page
    assert 'x1="30.44"' in page


def test_a_screen_reader_hears_the_number_once_with_interval_and_n() -> None:
    page = render('{% number 0.3044 0.2964 0.3127 25000 "percent" %}')
    assert '<span class="visually-hidden">30.4 %, 95 % interval 29.6 to 31.3, n = 25,000</span>' in page
    assert page.count('aria-hidden="true"') == 2


def test_a_number_that_was_not_measured_is_a_dash_without_whisker() -> None:
    for value in (None, float("nan"), float("inf")):
        page = render("{% number value %}", value=value)
        assert "–" in page and "not measured" in page and "<svg" not in page


def test_a_change_shows_its_sign_and_where_zero_is() -> None:
    page = render('{% number value -0.0102 -0.001 format="points" tone="broken" %}', value=-0.0055)
    assert "−0.5" in page or "−0.6" in page
    assert "−1.0 to −0.1" in page
    assert 'x1="50.0"' in page


@pytest.mark.parametrize(
    ("value", "format", "text"),
    [
        (0.3042, "percent", "30.4 %"),
        (0.0217, "points", "+2.2 pp"),
        (-0.0217, "points", "−2.2 pp"),
        (-0.00401, "margin", "−0.0040"),
        (17389, "integer", "17,389"),
        (0.41234, "fraction", "0.412"),
        (4, "decimal", "4.00"),
        (0.00153, "decimal", "0.00153"),
        (1234.5, "decimal", "1,234"),
        (185, "seconds", "3 min 05 s"),
        (7800, "seconds", "2 h 10 min"),
        (1536, "bytes", "1.5 KiB"),
    ],
)
def test_values_are_written_for_people(value: float, format: str, text: str) -> None:
    assert " ".join(part for part in numbers.written(value, format) if part) == text


def test_an_unknown_format_says_which_there_are() -> None:
    with pytest.raises(ValueError, match="percent"):
        numbers.written(1.0, "roman")


@pytest.mark.parametrize(
    ("metric", "format", "label"),
    [
        ("t2i/recall@1", "percent", "Recall@1, text → image"),
        ("i2t/map", "fraction", "Mean average precision, image → text"),
        ("t2i/median_rank", "decimal", "Median rank, text → image"),
        ("t2i/failures", "integer", "Failures, text → image"),
        ("train/loss", "decimal", "Loss, training"),
        ("val/t2i/recall@5", "percent", "Recall@5, held out, text → image"),
        ("ndcg@10", "fraction", "nDCG@10"),
        ("t2i/recall@1/spatial", "percent", "Recall@1, text → image · spatial"),
        ("classify/accuracy@1/hot%20dog", "percent", "Accuracy@1, classification · hot dog"),
        ("t2i/failure_rate", "percent", "Failure rate, text → image"),
        ("f1/macro", "percent", "F1 · mean over classes"),
        ("f1/%6Dacro", "percent", "F1 · macro"),
    ],
)
def test_a_metric_is_named_and_written_by_its_name(metric: str, format: str, label: str) -> None:
    assert numbers.format_of(metric) == format
    assert numbers.label_of(metric) == label


def test_a_metric_row_or_mapping_renders_as_the_same_component() -> None:
    row = {"name": "t2i/recall@1", "value": 0.3, "low": 0.29, "high": 0.31, "n": 10}
    assert render("{% metric m %}", m=row) == render("{% metric m %}", m=SimpleNamespace(**row))


# Forms ---------------------------------------------------------------------------------------------------------------


class Sample(forms.Form):
    batch_size = forms.IntegerField(min_value=1, max_value=64, help_text="Pictures at once.")
    note = forms.CharField(required=False)
    ways = forms.MultipleChoiceField(choices=[("a", "A"), ("b", "B")], widget=forms.CheckboxSelectMultiple)


def test_a_field_ties_help_bounds_and_error_to_its_control() -> None:
    page = render("{% field form.batch_size %}", form=Sample({"batch_size": "900"}))
    assert 'aria-describedby="id_batch_size_help id_batch_size_bounds id_batch_size_error"' in page
    assert 'aria-invalid="true"' in page and "1 to 64" in page and 'value="900"' in page
    for end in ("help", "bounds", "error"):
        assert f'id="id_batch_size_{end}"' in page


def test_what_is_no_number_stays_in_its_box() -> None:
    page = render("{% field form.batch_size %}", form=Sample({"batch_size": "many"}))
    assert 'type="text"' in page and 'inputmode="numeric"' in page and 'value="many"' in page


def test_the_error_summary_lists_every_error_and_leads_to_its_field() -> None:
    page = render("{% error_summary form %}{% fields form %}", form=Sample({"batch_size": "900"}))
    assert "2 things need a change" in page
    for target in re.findall(r'href="#([^"]+)"', page):
        assert f'id="{target}"' in page


def test_a_form_without_errors_has_no_summary() -> None:
    assert render("{% error_summary form %}", form=Sample()).strip() == ""


def test_what_people_wrote_is_escaped_in_every_component() -> None:
    evil = "<script>alert(1)</script>"
    page = render(
        "{% page_head t crumbs=c lede=t %}{{ t }}{% endpage_head %}{% badge t %}{% state_badge t %}{% facts f %}"
        "{% code t %}{% empty t t %}{% endempty %}{% slide s %}{% tabs tabs %}{% progress t 1 2 %}"
        "{% table_region t %}{{ t }}{% endtable_region %}"
        "{% dialog t t %}{{ t }}{% enddialog %}{% menu t %}{{ t }}{% endmenu %}{% icon 'check' t %}{% pager t t t %}"
        "{% picture_pair s s t %}{% options o t %}",
        t=evil,
        c=[(evil, evil)],
        f=[(evil, evil)],
        tabs=[(evil, evil, True)],
        o=[(evil, evil)],
        s={"label": evil, "src": evil, "alt": evil, "text": evil, "number": evil},
    )
    assert "<script" not in page


# Plots ---------------------------------------------------------------------------------------------------------------


def test_a_plot_brings_its_numbers_as_json_and_as_a_table() -> None:
    drawn = Plot(
        "curve",
        "Recall@K",
        "K",
        "Recall",
        (1, 5),
        (Series("t2i", (0.3, None), (0.2, None), (0.4, None), (9, 9)),),
        "percent",
    )
    page = render('{% plot p "recall" %}', p=drawn)
    assert 'id="recall-data" type="application/json"' in page
    assert drawn.head == ["K", "t2i", "95 % interval", "n"]
    assert drawn.rows == [["1", "30.0 %", "20.0 % to 40.0 %", "9"], ["5", "–", "– to –", "9"]]
    for format in ("csv", "png", "svg"):
        assert f'data-plot-file="{format}"' in page


def test_a_plot_refuses_columns_of_different_length() -> None:
    with pytest.raises(ValueError, match="2 values for 1 x"):
        Plot("bars", "P", "x", "y", ("a",), (Series("s", (1, 2)),))


def test_infinite_numbers_never_reach_the_page_as_json() -> None:
    drawn = Plot("curve", "Loss", "step", "loss", (1, 2), (Series("s", (float("nan"), float("inf"))),))
    assert drawn.as_json()["series"][0]["values"] == [None, None]


def test_plotly_comes_from_its_wheel_and_the_stand_in_for_its_map_styles_fits_it() -> None:
    found = finders.find("plotly.min.js")
    assert found
    stand_in = re.search(r'MAP_STYLES = "(\w+)"', (ROOT / "static/js/plots.js").read_text())
    assert stand_in and stand_in.group(1) in Path(str(found)).read_text(encoding="utf-8")


# Navigation ----------------------------------------------------------------------------------------------------------


def test_the_section_with_the_longest_matching_address_is_current(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(navigation, "_sections", {})
    for key, url in (("home", "/p/k/"), ("runs", "/p/k/runs/"), ("none", None)):
        navigation.register_section(navigation.Section(key, key, lambda request, url=url: url))  # type: ignore[misc]
    shown = navigation.links(RequestFactory().get("/p/k/runs/7/"))
    assert [(link.key, link.current) for link in shown] == [("home", False), ("runs", True)]


def test_an_exact_section_is_not_current_below_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(navigation, "_sections", {})
    navigation.register_section(navigation.Section("home", "Home", lambda request: "/", exact=True))
    assert not navigation.links(RequestFactory().get("/p/k/"))[0].current
    assert navigation.links(RequestFactory().get("/"))[0].current


# Contrast ------------------------------------------------------------------------------------------------------------

TOKENS = {
    name: (light, dark)
    for name, light, dark in re.findall(
        r"--([\w-]+):\s*light-dark\((#\w{6}), (#\w{6})\)", (ROOT / "static/css/tokens.css").read_text()
    )
}
GROUNDS = ("ground", "surface", "raised", "sunken")
TEXT = [
    *[
        (ink, ground)
        for ink in ("ink", "ink-2", "ink-3", "press", "near-ink", "repaired-ink", "broken-ink")
        for ground in GROUNDS
    ],
    ("on-press", "press"),
    ("on-press", "press-strong"),
    ("ground", "ink"),
    ("press", "press-soft"),
    ("ink", "press-soft"),
    ("near-ink", "near-soft"),
    ("repaired-ink", "repaired-soft"),
    ("broken-ink", "broken-soft"),
    ("ink", "broken-soft"),
]
MARKS = [
    *[
        (mark, ground)
        for mark in ("edge", "repaired-dot", "broken-dot", "press")
        for ground in ("ground", "surface", "raised")
    ],
    *[(f"series-{n}", "surface") for n in range(1, 6)],
]


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("light", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), TEXT)
def test_text_reaches_aa_on_its_ground(ink: str, ground: str, light: int) -> None:
    assert contrast(TOKENS[ink][light], TOKENS[ground][light]) >= 4.5


@pytest.mark.parametrize("light", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("mark", "ground"), MARKS)
def test_edges_and_marks_reach_three_to_one(mark: str, ground: str, light: int) -> None:
    assert contrast(TOKENS[mark][light], TOKENS[ground][light]) >= 3


def test_what_lies_behind_pictures_has_no_tint() -> None:
    for name in (*GROUNDS, "mat", "hairline", "edge", "ink", "ink-2", "ink-3"):
        for colour in TOKENS[name]:
            assert len({colour[1:3], colour[3:5], colour[5:7]}) == 1, name


def test_colours_are_named_in_the_tokens_alone() -> None:
    allowed = {"tokens.css", "print.css"}
    for path in STYLES:
        rules = re.sub(r"/\*.*?\*/|\.cs-[^}]*}|\.qr[^}]*}|mask-image:[^;]*;", "", path.read_text(), flags=re.S)
        if path.name not in allowed:
            assert not re.findall(r"#[0-9a-f]{3,8}\b(?![^{]*\{)", rules), path.name


# Templates -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_every_template_compiles(name: str) -> None:
    get_template(name)


@pytest.mark.parametrize("path", TEMPLATES, ids=NAMES)
def test_no_template_has_an_inline_script_style_or_handler(path: Path) -> None:
    text = path.read_text()
    for attributes, body in re.findall(r"<script\b([^>]*)>(.*?)</script>", text, flags=re.S):
        assert "application/json" in attributes or ("src=" in attributes and not body.strip())
    assert not re.search(r"<style\b", text)
    assert not re.search(r"\sstyle\s*=", text)
    assert not re.search(r"\son[a-z]+\s*=\s*[\"']", text)
    assert "javascript:" not in text and "hx-on" not in text and "hx-vals='js:" not in text
    assert not re.search(r"(?:src|href)=[\"'](?:https?:)?//", text)


@pytest.mark.parametrize("path", TEMPLATES, ids=NAMES)
def test_every_class_that_a_template_names_has_a_rule_or_a_reason(path: Path) -> None:
    rules = "".join(style.read_text() for style in STYLES)
    known = set(re.findall(r"\.([a-z][\w-]*)", rules)) | {"no-inline-styles", "choices"}
    plain = re.sub(r"{%.*?%}|{{.*?}}", "\0", path.read_text(), flags=re.S)
    named = {word for value in re.findall(r'class="([^"]*)"', plain) for word in value.split() if "\0" not in word}
    assert named <= known, sorted(named - known)


def test_error_pages_need_no_request() -> None:
    for code in ("400", "403", "404", "500"):
        page = render_to_string(f"{code}.html")
        assert code in page and "<h1>" in page


def test_every_page_has_a_skip_link_a_live_region_and_htmx_without_eval() -> None:
    page = render_to_string("404.html", request=RequestFactory().get("/nowhere/"))
    assert 'href="#main"' in page and 'id="main"' in page
    assert 'aria-live="polite"' in page
    assert '"includeIndicatorStyles":false' in page and '"allowEval":false' in page


def test_the_style_page_shows_every_component() -> None:
    source = (ROOT / "templates/design/style_page.html").read_text()
    for name in (
        "number",
        "page_head",
        "picture_pair",
        "slide",
        "state_badge",
        "badge",
        "progress",
        "pager",
        "plot",
        "field",
        "fields",
        "error_summary",
        "tabs",
        "facts",
        "code",
        "empty",
        "dialog",
        "menu",
        "table_region",
        "crumbs",
    ):
        assert f"{{% {name} " in source, name
