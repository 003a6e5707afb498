"""The operators' application, put together."""

from aiohttp import web

from authsvc.api.admin.accounts import Accounts
from authsvc.api.admin.audit import Audit
from authsvc.api.admin.guard import guard
from authsvc.api.openapi import add_document
from authsvc.api.openapi.operators import DOCUMENT
from authsvc.service import Service
from authsvc.store.administration import Administration
from authsvc.store.database import Database
from authsvc.store.events import Events


def add_admin(app: web.Application, service: Service, database: Database) -> None:
    """Give the operators' application its guard and its routes."""
    app.middlewares.append(guard(service))
    Accounts(service, Administration(database)).add_routes(app)
    Audit(Events(database)).add_routes(app)
    add_document(app, DOCUMENT)
