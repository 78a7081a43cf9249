"""All settings. Every variable is read here, once, and a wrong one stops the start.

The environment wins over ``.env`` in the project's root; ``.env.example`` lists all variables.
The defaults are those of production: whatever is looser must be asked for.
"""

import re
from datetime import timedelta
from urllib.parse import quote

from csp.constants import NONE, SELF

from chat.redis_clients import channel_layer_host
from supportbot import env

env.load()
BASE_DIR = env.ROOT

DEBUG = env.boolean("DEBUG", False)
SECRET_KEY = env.text("SECRET_KEY", "only-for-development" if DEBUG else "")
if not SECRET_KEY:
    env.reject("SECRET_KEY", "a random text, best of 50 characters; required with DEBUG off")
ALLOWED_HOSTS = env.words(
    "ALLOWED_HOSTS",
    # Sockets believe any Origin that is an allowed host, so "*" would open them to every site.
    r"\.?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*|\[[0-9A-Fa-f:.]+\]",
    takes="host names separated by commas, without scheme, port or *, such as shop.example",
)
if not ALLOWED_HOSTS and not DEBUG:
    env.reject("ALLOWED_HOSTS", "the site's host names; required with DEBUG off")
CSRF_TRUSTED_ORIGINS = env.words(
    "CSRF_TRUSTED_ORIGINS",
    r"https?://(\*\.)?[A-Za-z0-9.\[\]:-]+",
    takes="origins separated by commas, such as https://shop.example",
)

# Where the site itself does not stand already.
ADMIN_PATH = env.path(
    "ADMIN_PATH", "admin/", taken=("accounts", "api", "chat", "help", "orders", "static", "ws")
)

INSTALLED_APPS = [
    # First: its runserver wins over that of staticfiles, its templates over the admin's.
    "chat.orders",
    "chat.help",
    "chat",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "channels",
    "csp",
    "simple_history",
    "axes",
]

MIDDLEWARE = [
    "supportbot.health.health",
    "django.middleware.security.SecurityMiddleware",
    "supportbot.static.StaticFiles",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    # Last, as django-axes asks: it answers in place of the page that would say "wrong password".
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "supportbot.urls"
ASGI_APPLICATION = "supportbot.asgi.application"
WSGI_APPLICATION = "supportbot.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "builtins": ["chat.templatetags.shop"],
        },
    },
]

# --- data -------------------------------------------------------------------------------------

# The demo's, so that `manage.py` of those who develop sees what `make demo` made.
DATABASE = env.database("DATABASE_URL", f"sqlite:///{quote(str(BASE_DIR / 'var/shop.sqlite3'))}")
if DATABASE["ENGINE"].endswith("sqlite3"):
    DATABASE["OPTIONS"] = {
        # Readers do not wait for the writer, and a writer waits for its turn at the beginning of
        # its transaction instead of failing at the first write.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
    }
else:
    DATABASE["ENGINE"] = "supportbot.postgresql"
    # A connection of the pool is asked whether it still lives before it is used: the server may
    # have been restarted meanwhile.
    DATABASE["CONN_HEALTH_CHECKS"] = True
    DATABASE["OPTIONS"] = {
        # Seconds, and milliseconds: a server that vanished without a word is given up after these.
        "connect_timeout": 5,
        "tcp_user_timeout": 15_000,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        **DATABASE.get("OPTIONS", {}),
        "pool": {
            # Connections of each process.
            "min_size": 2,
            "max_size": 10,
            # Seconds that who needs a connection waits for a free one.
            "timeout": 5,
            # Seconds until a new connection that fails is given up, and begun anew by the next who
            # needs one: between its own tries the pool waits longer and longer.
            "reconnect_timeout": 3,
        },
    }
DATABASES = {"default": DATABASE}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.redis_url("REDIS_URL", "redis://127.0.0.1:6379/0")
# Replicas that must have what customers are shown or promised, before they are.
CHAT_REDIS_REPLICAS = env.integer("CHAT_REDIS_REPLICAS", 0, at_least=0, at_most=5)

CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [channel_layer_host(REDIS_URL)], "prefix": "chat_tabs"},
    }
}

# --- the assistant ----------------------------------------------------------------------------

OPENAI_API_KEY = env.text("OPENAI_API_KEY")
OPENAI_BASE_URL = env.http_url("OPENAI_BASE_URL")
ASSISTANT_MODEL = env.text(
    "ASSISTANT_MODEL", "openai:gpt-4.1-mini" if OPENAI_API_KEY else "offline"
)
CHAT_ALLOW_FAKE_MODEL = env.boolean("CHAT_ALLOW_FAKE_MODEL", False)
if not re.fullmatch(r"offline|fake|openai:\S+", ASSISTANT_MODEL):
    env.reject("ASSISTANT_MODEL", "offline, openai:NAME or fake")
if ASSISTANT_MODEL.startswith("openai:") and not (OPENAI_API_KEY or OPENAI_BASE_URL):
    env.reject("ASSISTANT_MODEL", "openai:NAME only with OPENAI_API_KEY or OPENAI_BASE_URL")
if ASSISTANT_MODEL == "fake" and not (DEBUG or CHAT_ALLOW_FAKE_MODEL):
    env.reject(
        "ASSISTANT_MODEL",
        "fake, with DEBUG off, only where CHAT_ALLOW_FAKE_MODEL=True: it is for load tests",
    )
# LangChain sends whole conversations to LangSmith where the environment says so, which that of a
# developer's machine may do by accident. Customers' words go nowhere unasked.
env.switch_off(
    *("LANGSMITH_TRACING", "LANGSMITH_TRACING_V2"),
    *("LANGCHAIN_TRACING", "LANGCHAIN_TRACING_V2"),
)
# Seconds without a byte from the model after which a turn gives up.
ASSISTANT_TIMEOUT = env.seconds("ASSISTANT_TIMEOUT", 30, at_least=0.1, at_most=600)
# Plain questions for an order's state are answered by `offline`, whatever the model.
ASSISTANT_FAST_PATH = env.boolean("ASSISTANT_FAST_PATH", False)
# What models cost, and what they may cost in a day.
ASSISTANT_PRICES = env.prices("ASSISTANT_PRICES")
ASSISTANT_DAILY_BUDGET = env.budget("ASSISTANT_DAILY_BUDGET")
if (
    ASSISTANT_DAILY_BUDGET.in_money
    and ASSISTANT_MODEL.startswith("openai:")
    and ASSISTANT_PRICES.of(ASSISTANT_MODEL) is None
):
    env.reject(
        "ASSISTANT_DAILY_BUDGET",
        "an amount of money only where ASSISTANT_PRICES has a price for ASSISTANT_MODEL;"
        " else tokens, such as customer=100000 tokens,shop=5000000 tokens",
    )

# --- conversations ----------------------------------------------------------------------------

# Seconds since the last turn after which Redis forgets a conversation.
CHAT_HISTORY_TTL = env.integer("CHAT_HISTORY_TTL", 86_400, at_least=1, at_most=31_536_000)
# Messages that the model sees.
CHAT_HISTORY_WINDOW = env.integer("CHAT_HISTORY_WINDOW", 20, at_least=1, at_most=1_000)
# About as many tokens of them; chat/window.py counts. Room for five questions with their look-ups
# and answers, in models of 32,000 tokens and more, at an eighth of what those of 128,000 take.
CHAT_HISTORY_TOKENS = env.integer("CHAT_HISTORY_TOKENS", 16_000, at_least=100, at_most=1_000_000)
# Unicode code points in one message.
CHAT_MESSAGE_MAX_CHARS = env.integer("CHAT_MESSAGE_MAX_CHARS", 4_000, at_least=1, at_most=100_000)
# Messages of one session: (count, milliseconds).
CHAT_RATE_LIMIT = env.rate("CHAT_RATE_LIMIT", "20/m")
# Seconds that a turn holds its conversation without a sign of life.
CHAT_LEASE_SECONDS = env.seconds("CHAT_LEASE_SECONDS", 15, at_least=1, at_most=600)

# --- log-in -----------------------------------------------------------------------------------

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
# Those after the first are of accounts that were made before; a login brings them up to date.
PASSWORD_HASHERS = [
    "supportbot.hashers.Argon2",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
# The first only holds back who fails too often; the last is the one that lets in.
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AXES_HANDLER = "supportbot.attempts.LoginAttempts"
AXES_CLIENT_IP_CALLABLE = "supportbot.attempts.address"
AXES_LOCKOUT_CALLABLE = "supportbot.attempts.held_back"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
# Failures for one account from one address: a customer who tries all the passwords they have. For
# how long they count, so that whoever is held back waits no longer than that. The wider limits
# stand in supportbot/attempts.py.
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=15)
# Whoever knows the password begins anew; whoever goes on trying while held back waits no longer.
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
# Who logged in when, from where, is nobody's business here.
AXES_DISABLE_ACCESS_LOG = True
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"

# --- name, language, time, static files --------------------------------------------------------

# As the pages call the shop; empty, they are the demo shop's.
SHOP_NAME = env.text("SHOP_NAME")

LANGUAGE_CODE = "en"
TIME_ZONE = env.time_zone("TIME_ZONE", "UTC")
USE_I18N = False
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "supportbot.static.HashedFiles"
    },
}
# Those who develop see the apps' own files as they are, without collectstatic.
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_ALLOW_ALL_ORIGINS = False

# --- browser's protections --------------------------------------------------------------------

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = not DEBUG
SESSION_COOKIE_HTTPONLY = True
# One year, as `manage.py check --deploy` and hstspreload.org ask.
SECURE_HSTS_SECONDS = 0 if DEBUG else 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not DEBUG
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "supportbot.logs.Discreet",
            "format": "{levelname} {name}: {message}",
            "style": "{",
        }
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "line"},
        # A logger with no handler at all falls back to one of Python's, which prints everything.
        "nowhere": {"class": "logging.NullHandler"},
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    # Django gives this one handlers of its own: each line would be there twice.
    "loggers": {
        "django": {"handlers": [], "level": "INFO"},
        # Below, it has a line for each time that a connection is used.
        "psycopg.pool": {"level": "WARNING"},
        # It would note each call of the model.
        "httpx": {"level": "WARNING"},
        # Below, it tells each step of each login.
        "axes": {"level": "WARNING"},
        # Scanners ask for hosts of their own making all day: answered 400, and no error of ours.
        "django.security.DisallowedHost": {"handlers": ["nowhere"], "propagate": False},
    },
}
