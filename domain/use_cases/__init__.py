"""The use cases, a module a topic: plain functions that take all ports in one argument."""
