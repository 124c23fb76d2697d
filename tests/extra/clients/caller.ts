// What somebody writes who has generated a TypeScript client: run with the base URL, after tsc has checked it.
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

type Problem = components["schemas"]["InvalidCredentialsProblem"];

const credentials = { email: "alice@example.com", password: "minimum-6-chars" };
const client = createClient<paths>({ baseUrl: process.argv[2] });

const missing = await client.POST("/api/auth/signup", { body: { name: " ", ...credentials } });
assert(missing.error?.code === "missing_fields");
assert.deepEqual(missing.error.errors.map(({ field, code }) => [field, code]), [["name", "missing"]]);

const signedUp = await client.POST("/api/auth/signup", { body: { name: "Alice", ...credentials } });
assert(signedUp.data);
assert.equal(signedUp.data.user.plan, "Starter");

const wrong = await client.POST("/api/auth/login", { body: { ...credentials, password: "wrong-password" } });
assert(wrong.error?.code === "invalid_credentials");
const problem: Problem = wrong.error;
assert.equal(problem.status, 401);

const loggedIn = await client.POST("/api/auth/login", { body: credentials });
assert(loggedIn.data);

const headers = { Authorization: `Bearer ${loggedIn.data.token}` };
const me = await client.GET("/api/auth/me", { headers });
assert(me.data);
assert.equal(me.data.user.id, signedUp.data.user.id);
assert.equal(me.data.user.email, credentials.email);

const listed = await client.GET("/api/auth/sessions", { headers });
assert.deepEqual(listed.data?.sessions.map((session) => session.is_current), [true, false]);

// @ts-expect-error: a role cannot be asked for, and no such field is known to the types
const typed: keyof components["schemas"]["SignUpRequest"] = "role";
assert.equal(typed, "role");
