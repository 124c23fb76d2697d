"""The use cases, a module a topic: plain functions whose ports are keyword arguments."""
