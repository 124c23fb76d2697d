"""The software that ours is compared with."""

FASTAPI_USERS_SECRET = "a secret for measuring only and long enough"
