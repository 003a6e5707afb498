"""Operations on one's own password."""

from authsvc.api.openapi.forms import PasswordChange, ResetAsked, ResetDone
from authsvc.api.openapi.operation import Answer, Operation, Security
from authsvc.api.problems import Code

OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/password",
        name="changePassword",
        summary="Change the password",
        told="The other sessions end; this one goes on.",
        body=PasswordChange,
        answers=(Answer(204, "It is changed."),),
        problems=(
            Code.INVALID_TOKEN,
            Code.WRONG_PASSWORD,
            Code.TOO_MANY_ATTEMPTS,
            Code.OVERLOADED,
        ),
        security=(Security.USER,),
    ),
    Operation(
        method="POST",
        path="/v1/password/reset",
        name="requestReset",
        summary="Ask for a reset",
        told="Answers alike whether there is such an account. Its owner is sent a token.",
        body=ResetAsked,
        answers=(Answer(202, "If there is such an account, it was sent a message."),),
        problems=(Code.TOO_MANY_ATTEMPTS,),
    ),
    Operation(
        method="POST",
        path="/v1/password/reset/confirm",
        name="confirmReset",
        summary="Set a new password by a token",
        told="Every session of the account ends, and none begins.",
        body=ResetDone,
        answers=(Answer(204, "It is set."),),
        problems=(Code.INVALID_RESET_TOKEN, Code.OVERLOADED),
    ),
)
