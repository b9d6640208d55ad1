"""One machine, one person: `make run`. Secrets are generated once and kept under var/."""

from webapp.local.places import Places
from webapp.settings import env
from webapp.settings.base import *  # noqa: F403
from webapp.settings.services import mail, settings_for

PLACES = Places(env.read("NEARMISS_VAR"))
SECRET_KEY = env.read("SECRET_KEY") or PLACES.secret("secret_key")
ALLOWED_HOSTS = env.read("ALLOWED_HOSTS") or ["localhost", "127.0.0.1", "[::1]"]
SITE_URL = SITE_URL or f"http://localhost:{env.read('PORT')}"
STATIC_ROOT = PLACES.var / "static"
STORAGES = STORAGES | {  # compressing costs half a minute and saves nothing on the way to the same machine
    "staticfiles": {"BACKEND": "webapp.design.storage.HashedFiles"},
}
globals().update(settings_for(PLACES))
globals().update(mail(env.read("EMAIL_URL")))
