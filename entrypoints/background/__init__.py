"""What goes on beside the requests: mails are sent, and what is over is cleared away."""
