# The curl examples of the source document, word for word, in its order; a blank line ends each.

curl 'https://api.leadnator.com/api/auth/signup' \
  -X POST \
  -H 'Content-Type: application/json' \
  -d '{"name":"Alice","email":"alice@example.com","password":"minimum-6-chars"}'

curl 'https://api.leadnator.com/api/auth/login' \
  -X POST \
  -H 'Content-Type: application/json' \
  -d '{"email":"alice@example.com","password":"…"}'

curl 'https://api.leadnator.com/api/auth/me' \
  -H 'Authorization: Bearer YOUR_JWT'

curl 'https://api.leadnator.com/api/auth/forgot-password' \
  -X POST \
  -H 'Content-Type: application/json' \
  -d '{"email":"alice@example.com"}'

curl 'https://api.leadnator.com/api/auth/reset-password' \
  -X POST \
  -H 'Content-Type: application/json' \
  -d '{"token":"reset_xyz…","password":"new-password"}'
