"""The look in one place: template tags, page components, plots and the contract for navigation. Imports no other app.

How a page is written
---------------------
    {% extends "base.html" %}{% load nearmiss %}
    {% block title %}Runs{% endblock %}
    {% block content %}
      {% crumbs project.name project_url "Runs" as trail %}
      {% page_head "Runs" crumbs=trail lede="Everything that was computed in this project." %}
        <a class="button button-primary" href="…">New run</a>
      {% endpage_head %}
      …
    {% endblock %}

Blocks of base.html: `title`, `styles` (extra <link>s), `content`, `scripts` (extra <script src>), `frame_class`
("frame", or "frame frame-wide" for pages that need the whole width). Pages about one's own account extend
account_page.html, pages for strangers (invitation, set-up) door.html. htmx is loaded and sends the
CSRF token by itself.
No inline script, no style attribute anywhere: the policy forbids both and tests/webapp/test_design.py scans for them.

Navigation
----------
The bar shows what apps register in their `AppConfig.ready` (webapp.design.navigation):
    register_section(Section(key="runs", label="Runs", url=function(request) -> str | None, order=30))
    register_projects(function(request) -> list[Choice])          the project switcher, by the app that owns projects
    register_account_links(function(request) -> list[Choice])     the account menu above "Sign out"
`url` returns None where a person has no business there; the section is current when the address starts with its url
(or when the view sets `request.section = "runs"`). The context processor `webapp.design.context.chrome` puts `nav`,
`projects`, `account_links` and `signed_in` into every template, evaluated only when a template asks for them.
`request.project` (anything with a `name`), where a middleware or view sets it, names the switcher.

htmx
----
Answer 422 with the form when a form is wrong: it is swapped in and the first wrong field gets the focus. Anything
swapped in that carries `data-announce="…"` is read out by screen readers; a response may also send the header
`HX-Trigger: {"announce": "…"}`. `data-confirm="Delete this?"` with `data-confirm-label="Delete"` (and
`data-confirm-note`) on a form, its button or an hx- element asks in our own dialog first.
`data-submit-on-change` on a filter form sends it when a choice changes.
"""
