"""Reading what a request carries: its body, its query, its token."""
