"""The OpenAPI 3.1 documents: made from tables of operations and the forms of bodies and answers.

Handlers do not read the tables. That both say the same is what tests are for: every route of a
running application stands in its table and no other, and each answer that any test of the service
gets is held against the document.
"""

from aiohttp import web

from authsvc.api.openapi.document import Document


def add_document(app: web.Application, document: Document) -> None:
    """Serve the document at `/openapi.json`."""
    body = document.text().encode()

    async def tell(_: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json")

    app.router.add_get("/openapi.json", tell)
