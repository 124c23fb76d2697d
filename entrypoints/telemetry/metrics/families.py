"""The metrics: name, kind, labels and meaning of each, named by Prometheus's conventions."""

from enum import StrEnum
from functools import partial

import attrs

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds in seconds: `me` is in the first ones, a password hash in the middle, a time-out in the last."""


class Kind(StrEnum):
    """How the values of several processes are combined."""

    COUNTER = "counter"
    """Added up; those of a dead process stay."""
    HISTOGRAM = "histogram"
    """Like a counter: the count of each bucket, and finally the sum of all values."""
    GAUGE = "gauge"
    """Added up over the living processes."""


@attrs.frozen
class Family:
    """One metric."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """The count of numbers for each combination of labels."""
        return len(BUCKETS) + 2 if self.kind is Kind.HISTOGRAM else 1


FAMILIES: dict[str, Family] = {}
"""All metrics by name, in the order in which they are written."""
_ENDINGS = {Kind.COUNTER: "_total", Kind.HISTOGRAM: "_seconds", Kind.GAUGE: ""}


def _family(kind: Kind, name: str, text: str, *labels: str) -> Family:
    family = Family(f"leadnator_auth_{name}{_ENDINGS[kind]}", kind, text, labels)
    FAMILIES[family.name] = family
    return family


_counter = partial(_family, Kind.COUNTER)
_histogram = partial(_family, Kind.HISTOGRAM)
_gauge = partial(_family, Kind.GAUGE)
_OF_REQUEST = ("route", "method", "status")
REQUESTS = _counter("http_requests", "Requests answered, by the template of their path.", *_OF_REQUEST)
REQUEST_DURATION = _histogram("http_request_duration", "Time from a request to the end of its answer.", *_OF_REQUEST)
LOG_INS = _counter("logins", "Log-ins over HTTP by outcome: ok, or the code of the error.", "outcome")
SIGN_UPS = _counter("signups", "Sign-ups over HTTP by outcome: ok, or the code of the error.", "outcome")
RESET_REQUESTS = _counter(
    "reset_requests", "Requests for a reset link by outcome; ok says nothing about the account.", "outcome"
)
RESETS = _counter("password_resets", "Passwords set by a mailed link, by outcome: ok, or the error's code.", "outcome")
PASSWORD_CHANGES = _counter(
    "password_changes", "Passwords changed by who was logged in, by outcome: ok, or the error's code.", "outcome"
)
EVENTS = _counter("events", "What happened to accounts, over HTTP or not, by the type of the event.", "type")
HASH_WAIT = _histogram("password_hash_wait", "Time a password waited for a thread to hash it.")
HASH_DURATION = _histogram("password_hash_duration", "Time a thread took to make or verify a password's hash.")
HASHES_WAITING = _gauge("password_hashes_waiting", "Passwords that wait for a thread to hash them.")
HASHES_RUNNING = _gauge("password_hashes_running", "Passwords that are being hashed.")
MAILS = _counter(
    "mails", "Attempts to send a mail by outcome: delivered (to the mail server), delayed or given_up.", "outcome"
)
MAIL_QUEUE = _gauge(
    "mail_queue_mails",
    "Mails in the database by state: queued (not tried yet), retrying (or being sent), sent (kept for days) or dead.",
    "state",
)
MAIL_QUEUE_OLDEST = _gauge("mail_queue_oldest_seconds", "Age of the mail that waits longest; 0 when none waits.")
EVENT_DELIVERIES = _counter(
    "event_deliveries",
    "Attempts to deliver an event by outcome: delivered, delayed or given_up, also without a further one.",
    "outcome",
)
EVENT_QUEUE = _gauge(
    "event_queue_deliveries",
    "Deliveries of events in the database by state: queued (not tried yet), retrying or dead; each counted to 20,000.",
    "state",
)
EVENT_QUEUE_OLDEST = _gauge("event_queue_oldest_seconds", "Age of the event that waits longest; 0 when none waits.")
DATABASE_UP = _gauge("database_up", "Whether the database answered this scrape: 1 or 0.")
POOL_SIZE = _gauge("database_pool_size", "Database connections that may be open.")
POOL_IN_USE = _gauge("database_pool_in_use", "Database connections that are in use.")
POOL_WAITING = _gauge("database_pool_waiting", "Units of work that wait for a database connection.")
POOL_WAIT = _histogram("database_pool_wait", "Time that those who had to wait for a database connection waited.")
LOG_LINES_LOST = _counter(
    "log_lines_lost", "Lines of the log that were not written: nobody reads it, or there is no room for it."
)
WORKERS = _gauge("workers", "Processes that serve.")
BUILD = _gauge("build_info", "Always 1; the labels say what runs.", "version", "python")
