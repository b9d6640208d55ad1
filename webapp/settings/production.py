"""Real servers, real people. Refuses to start with anything that would leave a door open."""

from django.core.exceptions import ImproperlyConfigured

from webapp.local.places import Places
from webapp.settings import env
from webapp.settings.base import *  # noqa: F403
from webapp.settings.services import mail, settings_for

SECRET_KEY = env.read("SECRET_KEY")
ALLOWED_HOSTS = env.read("ALLOWED_HOSTS")
if DEBUG:
    raise ImproperlyConfigured("DEBUG is on. Unset it: error pages would show code and settings to visitors.")
if len(SECRET_KEY) < 50 or len(set(SECRET_KEY)) < 5 or SECRET_KEY.startswith("django-insecure-"):
    raise ImproperlyConfigured(
        "SECRET_KEY is missing or weak. Set it (or SECRET_KEY_FILE) to at least 50 random characters."
    )
if not ALLOWED_HOSTS or any(host == "*" or (host.startswith(".") and host.count(".") < 2) for host in ALLOWED_HOSTS):
    raise ImproperlyConfigured(
        "ALLOWED_HOSTS is empty or open. Set it to the host names of this site, without wildcards."
    )
for _needed in ("DATABASE_URL", "REDIS_URL", "NEARMISS_STORE"):
    if not env.read(_needed):
        raise ImproperlyConfigured(f"{_needed} is not set. Production uses no embedded servers.")

globals().update(settings_for(Places(env.read("NEARMISS_VAR"))))
globals().update(mail(env.read("EMAIL_URL")))
SITE_URL = SITE_URL or f"https://{ALLOWED_HOSTS[0]}"
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_NAME = "__Host-session"
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_NAME = "__Host-csrf"
SECURE_SSL_REDIRECT = env.read("SSL_REDIRECT")
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]  # asked by the container itself, without a proxy
SECURE_HSTS_SECONDS = env.read("HSTS_SECONDS")
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
if env.read("TRUSTED_PROXIES"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https"
