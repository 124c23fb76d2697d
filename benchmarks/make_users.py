"""Writes as many made-up accounts as asked for, as CSV for `leadnator-auth users import -`.

    python benchmarks/make_users.py 1000000 | leadnator-auth users import -

All have the password "minimum-6-chars" and one hash between them: a million would take days, and nothing measured here
depends on the salt. It is of the format that log-ins leave as it is.
"""

import argparse
import csv
import sys

from leadnator_auth.adapters.bcrypt_hasher.format import make_hash


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", type=int, help="how many accounts")
    parser.add_argument("--cost", type=int, default=12, help="the bcrypt cost of their hashes (default: 12)")
    arguments = parser.parse_args()
    rows = csv.writer(sys.stdout)
    rows.writerow(["name", "email", "password_hash"])
    password_hash = str(make_hash(b"minimum-6-chars", arguments.cost))
    for number in range(arguments.count):
        rows.writerow([f"User {number}", f"user-{number}@example.com", password_hash])


if __name__ == "__main__":
    main()
