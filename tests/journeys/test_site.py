"""The site as processes: it answers, says who may frame it, and survives the loss of its web server."""

import pytest


def test_every_answer_carries_the_headers_that_close_doors(page, live_site):
    headers = page.request.get("/healthz").headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]


def test_a_refused_script_fails_a_journey(page, watch):
    watch.allow("Content Security Policy")
    page.goto("/healthz")
    with page.expect_console_message():
        page.evaluate(
            "() => { const s = document.createElement('script'); s.textContent = '1'; document.body.append(s) }"
        )
    assert watch.remaining() == []
    assert any("Content Security Policy" in problem for problem in watch.problems)


@pytest.mark.parametrize("name", ["web", "runs", "jobs", "probe", "beat"])
def test_a_process_that_was_killed_can_be_started_again(live_site, name):
    live_site.kill(name)
    live_site.ensure()
    assert live_site.answers()
