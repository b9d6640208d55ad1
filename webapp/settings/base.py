"""What is the same everywhere."""

from __future__ import annotations

from webapp.settings import env

ROOT = env.ROOT
DEBUG = env.read("DEBUG")
SITE_URL = env.read("SITE_URL").rstrip("/")
ROOT_URLCONF = "webapp.urls"
WSGI_APPLICATION = "webapp.wsgi.application"

INSTALLED_APPS = [
    "webapp.design",
    "webapp.experiments",
    "webapp.annotation",
    "webapp.verdicts",
    "webapp.dashboards",
    "webapp.corpora",
    "webapp.accounts",
    "webapp.local",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "csp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "webapp.headers.PermissionsPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "webapp.accounts.middleware.ReadAheadMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "webapp.accounts.middleware.OriginMiddleware",
    "webapp.accounts.middleware.PersonLanguageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "webapp.errors.UnkeptTextMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "webapp.design.context.chrome",
            ],
        },
    }
]

# The web and worker role: owns nothing. Tables below are histories: it may add rows to them and read them, no more.
APPEND_ONLY_TABLES = [
    "accounts_auditevent",
    "annotation_analysisitem",
    "annotation_analysisset",
    "annotation_decision",
    "annotation_firstchoice",
    "annotation_gold",
    "annotation_labelevent",
    "annotation_taxonomyversion",
    "verdicts_registration",
    "verdicts_withdrawal",
]
# What is kept as it was when it was kept: rows may be added and removed, never changed.
UNCHANGING_TABLES = ["experiments_captionedit", "verdicts_report", "verdicts_reporttext"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# People
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["webapp.accounts.backends.PersonBackend"]  # one: a second would tell by its time
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "webapp.accounts.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email", "username"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # an invitation is the proof; many labs have no mail server
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/5m/key",
    "signup": "20/m/ip",
    "reset_password": "20/m/ip,5/m/key",
    "change_password": "5/m/user",
    "reauthenticate": "10/m/user",
}
ALLAUTH_TRUSTED_PROXY_COUNT = env.read("TRUSTED_PROXIES")
MFA_ADAPTER = "webapp.accounts.adapters.MfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Nearmiss"
MFA_ALLOW_UNVERIFIED_EMAIL = True  # an invitation is the proof

# Words and dates
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LOCALE_PATHS = [ROOT / "locale"]
FORMAT_MODULE_PATH = ["webapp.formats"]
TIME_ZONE = env.read("TIME_ZONE")
USE_TZ = True
USE_I18N = True

# Files
STATIC_URL = "/static/"
STATIC_ROOT = env.read("NEARMISS_STATIC")
STATICFILES_DIRS = [ROOT / "static"]
WHITENOISE_ROOT = ROOT / "static" / "site"  # what browsers ask for at the root: /favicon.ico
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "webapp.design.finders.PlotlyFinder",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "webapp.design.storage.HashedCompressedFiles"},
}
COCO_BASE_URL = env.read("COCO_BASE_URL")
NEARMISS_UPLOAD_LIMIT = env.read("NEARMISS_UPLOAD_LIMIT_MIB") * 2**20
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 2**20
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
FILE_UPLOAD_PERMISSIONS = 0o600

# Doors
SESSION_ENGINE = "webapp.accounts.sessions"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 24 * 3600
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True  # scripts take the token from the page
CSRF_FAILURE_VIEW = "webapp.errors.csrf_failure"
CSRF_TRUSTED_ORIGINS = env.read("CSRF_TRUSTED_ORIGINS")
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
PERMISSIONS_POLICY = "camera=(), microphone=(), geolocation=(), payment=(), usb=(), interest-cohort=()"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}

# Interface for programs
REST_FRAMEWORK = {
    "DEFAULT_PERMISSION_CLASSES": ["webapp.accounts.closed.Closed"],
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "webapp.accounts.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "EXCEPTION_HANDLER": "webapp.api.problems",
    "DEFAULT_PAGINATION_CLASS": "webapp.api.KeysetPagination",
    "DEFAULT_THROTTLE_CLASSES": ["webapp.throttles.PersonThrottle", "webapp.throttles.WriteThrottle"],
    "DEFAULT_THROTTLE_RATES": {"person": "1200/min", "write": "240/min"},
    "NUM_PROXIES": env.read("TRUSTED_PROXIES"),
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Nearmiss",
    "DESCRIPTION": "Everything the pages do.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_NAME_OVERRIDES": {  # where two things have fields of one name
        "CampaignStateEnum": "webapp.annotation.models.Campaign.State",
        "CampaignModeEnum": "webapp.annotation.models.Campaign.Mode",
        "ComparisonModeEnum": "webapp.verdicts.comparing.confirming.MODES",
        "CaptionSideEnum": "webapp.experiments.models.CaptionFile.Side",
        "CalculationStateEnum": "webapp.annotation.models.Calculation.State",
    },
}

# Mail
DEFAULT_FROM_EMAIL = env.read("DEFAULT_FROM_EMAIL")
EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
NEARMISS_HAS_MAIL = bool(env.read("EMAIL_URL"))

# Runs
NEARMISS_GPU = env.read("NEARMISS_GPU")
NEARMISS_STOP_GRACE = env.read("NEARMISS_STOP_GRACE")
NEARMISS_PROBE_IDLE = env.read("NEARMISS_PROBE_IDLE")
NEARMISS_HEARTBEAT = env.read("NEARMISS_HEARTBEAT")
NEARMISS_LOST_AFTER = env.read("NEARMISS_LOST_AFTER")
NEARMISS_SETUP_LINK_HOURS = env.read("NEARMISS_SETUP_LINK_HOURS")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": env.read("LOG_LEVEL")},
    "loggers": {  # a line for every wake-up would drown what matters
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        "celery.worker.request": {"level": "WARNING"},
    },
}
