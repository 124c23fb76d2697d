"""The calls of the API, a module a subject: handlers, and below them the operations that describe them."""
