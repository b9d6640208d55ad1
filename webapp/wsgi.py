"""The web application, for granian's WSGI threads."""

import gc

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()

# What is loaded now stays for the life of the process. A full collection would walk all of it amid a request and cost
# somebody tens of milliseconds: leave it out, and collect what requests leave behind less often.
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 20, 20)
