-- What `django-admin startproject` and `migrate` make, with one application beside it.
CREATE TABLE django_migrations (id INTEGER PRIMARY KEY, app VARCHAR(255) NOT NULL, name VARCHAR(255) NOT NULL, applied TIMESTAMP NOT NULL);
CREATE TABLE django_content_type (id INTEGER PRIMARY KEY, app_label VARCHAR(100) NOT NULL, model VARCHAR(100) NOT NULL, CONSTRAINT django_content_type_app_label_model_uniq UNIQUE (app_label, model));
CREATE TABLE auth_permission (id INTEGER PRIMARY KEY, name VARCHAR(255) NOT NULL, content_type_id INTEGER NOT NULL REFERENCES django_content_type (id), codename VARCHAR(100) NOT NULL);
CREATE TABLE auth_group (id INTEGER PRIMARY KEY, name VARCHAR(150) NOT NULL UNIQUE);
CREATE TABLE auth_user (id INTEGER PRIMARY KEY, password VARCHAR(128) NOT NULL, last_login TIMESTAMP, is_superuser BOOLEAN NOT NULL, username VARCHAR(150) NOT NULL UNIQUE, first_name VARCHAR(150) NOT NULL, last_name VARCHAR(150) NOT NULL, email VARCHAR(254) NOT NULL, is_staff BOOLEAN NOT NULL, is_active BOOLEAN NOT NULL, date_joined TIMESTAMP NOT NULL);
CREATE TABLE auth_user_groups (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES auth_user (id), group_id INTEGER NOT NULL REFERENCES auth_group (id));
CREATE TABLE django_admin_log (id INTEGER PRIMARY KEY, action_time TIMESTAMP NOT NULL, object_repr VARCHAR(200) NOT NULL, user_id INTEGER NOT NULL REFERENCES auth_user (id));
CREATE TABLE django_session (session_key VARCHAR(40) NOT NULL PRIMARY KEY, session_data TEXT NOT NULL, expire_date TIMESTAMP NOT NULL);
CREATE INDEX django_session_expire_date_a5c62663 ON django_session (expire_date);
INSERT INTO django_migrations VALUES (1, 'auth', '0001_initial', '2026-01-01 00:00:00');
INSERT INTO auth_user VALUES (1, 'pbkdf2_sha256$1000$salt$hash', NULL, TRUE, 'admin', '', '', 'admin@host.test', TRUE, TRUE, '2026-01-01 00:00:00');
INSERT INTO django_session VALUES ('abc', 'e30', '2026-01-01 00:00:00');
