-- An application with Alembic of its own, whose revisions are numbered as ours are.
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num));
INSERT INTO alembic_version (version_num) VALUES ('0004');
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers (id), total NUMERIC(10, 2));
CREATE INDEX orders_customer ON orders (customer_id);
CREATE VIEW large_orders AS SELECT id, total FROM orders WHERE total > 1000;
INSERT INTO customers (id, name) VALUES (1, 'Grace');
INSERT INTO orders (id, customer_id, total) VALUES (1, 1, 1234.50);
