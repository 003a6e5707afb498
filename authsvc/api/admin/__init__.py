"""What operators see, on a listener of its own: accounts, their sessions, the audit.

Nothing here is reachable through the service port, and nothing at all without the token of a client
with the role `admin`. Keep the listener on loopback or a management network.
"""

from aiohttp import web

from authsvc.api.admin.accounts import Accounts
from authsvc.api.admin.audit import Audit
from authsvc.api.admin.guard import guard
from authsvc.service import Service
from authsvc.store.administration import Administration
from authsvc.store.database import Database
from authsvc.store.events import Events


def add_admin(app: web.Application, service: Service, database: Database) -> None:
    """Give the operators' application its guard and its routes."""
    app.middlewares.append(guard(service))
    Accounts(service, Administration(database)).add_routes(app)
    Audit(Events(database)).add_routes(app)
