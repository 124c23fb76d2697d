"""Work beside the requests: sending mails, and clearing away what is over."""
