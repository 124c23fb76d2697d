"""Every answer is one that the document promises, whatever is sent: some thirty thousand requests made from it."""

from hypothesis import HealthCheck, settings

from leadnator_auth.entrypoints.http.api.operations import OPERATIONS
from tests.extra.openapi.described import AnyCase, Described
from tests.extra.openapi.excuses import excused

LEAST_REQUESTS = 20_000
EXAMPLES = 350
"""For each operation; those without a body and without a token have fewer cases than that."""

described = Described()
schema = described.schema()


@schema.parametrize()
@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
def test_every_answer_is_as_described(case: AnyCase) -> None:
    described.prepare(case)
    response = case.call(session=described.client)
    case.validate_response(
        response, excluded_checks=excused(case, response), transport_kwargs={"session": described.client}
    )


def test_twenty_thousand_requests_and_no_fault_of_ours() -> None:
    """The last test of this module, for it counts what the others sent."""
    statuses = described.counted.statuses
    told = "\n".join(f"{count:6} {method} {path} {status}" for (method, path, status), count in statuses.items())
    assert all(status is not None and status < 500 for _, _, status in statuses), told
    assert statuses.total() >= LEAST_REQUESTS, told
    never = [each.path for each in OPERATIONS if (each.method, each.path, each.status.value) not in statuses]
    assert not never, f"{never} never succeeded:\n{told}"
