"""Answers to what may be wrong with any call."""

from collections.abc import Mapping
from http import HTTPStatus

from leadnator_auth.domain.errors import AuthError, InvalidFieldsError, MissingFieldsError, NotFoundError
from leadnator_auth.entrypoints.http.problems.problem import Problem
from leadnator_auth.entrypoints.http.refusals import RequestError

BASE: Mapping[type[AuthError] | type[RequestError], Problem] = {
    MissingFieldsError: Problem(HTTPStatus.BAD_REQUEST, "Missing fields", "A required field is absent, null or empty."),
    InvalidFieldsError: Problem(
        HTTPStatus.BAD_REQUEST,
        "Invalid fields",
        "A field has a value it cannot have.",
        when="A field has the wrong type, length, syntax or characters, or is none that a PATCH takes.",
    ),
    NotFoundError: Problem(
        HTTPStatus.NOT_FOUND,
        "Not found",
        "Nothing is at this path that you may see.",
        when="It does not exist, or is not yours to see.",
    ),
}
