"""The numbers of the policy are those that are promised, unless somebody chooses others."""

from datetime import timedelta

from leadnator_auth.domain import Policy

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def test_the_defaults_are_those_of_the_contract() -> None:
    policy = Policy()
    assert (policy.session_lifetime, policy.max_sessions, policy.step_up_lifetime) == (7 * DAY, 100, 10 * MINUTE)
    assert (policy.reset_token_lifetime, policy.passkey_challenge_lifetime) == (HOUR, 5 * MINUTE)
    assert (policy.undo_lifetime, policy.event_retention, policy.notices_window) == (7 * DAY, 365 * DAY, HOUR)
    assert (policy.new_sign_in_notice, policy.private_webhook_targets) == (False, False)
    limit = policy.account_changes
    assert limit is not None
    assert (limit.count, limit.period) == (600, HOUR)
