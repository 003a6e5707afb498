"""What a query may ask: judged by a form, refused with the parameter's name."""

from typing import TypeVar

from aiohttp import web
from pydantic import ValidationError

from authsvc.api.admin.forms import Form
from authsvc.api.problems import Code, ProblemError

Asked = TypeVar("Asked", bound=Form)


def read(request: web.Request, form: type[Asked]) -> Asked:
    """The request's query. Raises ProblemError that names the parameters that will not do."""
    names = [name for name, _ in request.query.items()]  # iterating it drops repeated ones
    wrong = [
        {"parameter": name, "detail": "give it once"} for name in {*names} if names.count(name) > 1
    ]
    if not wrong:
        try:
            return form.model_validate(dict(request.query))
        except ValidationError as error:
            found = error.errors(include_url=False, include_context=False, include_input=False)
            wrong = [{"parameter": str(e["loc"][0]), "detail": e["msg"]} for e in found]
    raise ProblemError(Code.INVALID_QUERY, errors=wrong)
