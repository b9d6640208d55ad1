"""The web application, for granian's WSGI threads."""

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
