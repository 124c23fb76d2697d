"""What we are held against."""

FASTAPI_USERS_SECRET = "a secret for measuring only and long enough"
