"""The product and its model: Hypothesis tries histories, and both must answer the same."""

from tests.model.accounts import Accounts
from tests.model.addresses import Addresses
from tests.model.administration import Administration
from tests.model.factors import Factors
from tests.model.state import System

__all__ = ["AuthMachine", "System"]


class AuthMachine(Accounts, Addresses, Factors, Administration):
    """Every rule asks the product and the model."""
