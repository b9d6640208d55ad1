"""The test suite: real servers under var/test-NAME, started by tests/conftest.py; cheap password hashes; no pool."""

from webapp.local.places import Places
from webapp.settings import env
from webapp.settings.base import *  # noqa: F403
from webapp.settings.services import settings_for

TEST_DATABASE = env.read("NEARMISS_TEST_DB")
PLACES = Places(env.ROOT / "var" / TEST_DATABASE.replace("test_", "test-", 1))
SECRET_KEY = env.read("SECRET_KEY") or PLACES.secret("secret_key")
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "testserver"]
SITE_URL = SITE_URL or "http://testserver"
_pool = env.read("DATABASE_POOL") if env.read("DATABASE_URL") else 0  # the site under test has one, the tests have none
globals().update(settings_for(PLACES, database_name=TEST_DATABASE, pool=_pool))
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
ACCOUNT_RATE_LIMITS = {"login_failed": "1000/m/ip,5/5m/key"}
STORAGES = STORAGES | {
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
