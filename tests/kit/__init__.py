"""Everything published for the tests of others: the pytest plugin, the contract suites, and the types."""
