"""Help for the tests of those who build on this: contract suites for adapters, a pytest plugin, a client."""
