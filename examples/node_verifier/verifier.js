// Verifies access tokens in Node without asking the service on the way of a request; what each rule is for is told in
// docs/how-to/verify-elsewhere.md.
import { createLocalJWKSet, jwtVerify } from "jose";

const LEEWAY = 60, KEYS_EVERY = 300, KEYS_MAX_AGE = 3600, PAGE = 1000, MAX_REVOCATIONS = 200_000;
const RULES = {
  issuer: "leadnator-auth", audience: "leadnator", typ: "JWT", algorithms: ["EdDSA", "ES256"], clockTolerance: LEEWAY,
  requiredClaims: ["sub", "sid", "jti", "iat", "exp", "purpose"],
};
const steady = () => performance.now() / 1000; // never set, unlike Date.now()
const sleep = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000).unref());

export class Unavailable extends Error {}

export class Verifier {
  #revoked = new Map(); #cursor = "start"; #atEnd = false; #currentAt = -Infinity;
  #keys; #keysAt = -Infinity; #version; #closing = new AbortController();

  constructor(url, { apiKey, maxAge = 30 }) {
    Object.assign(this, { url, maxAge, headers: { authorization: `Bearer ${apiKey}` }, trouble: "no answer yet" });
    this.#repeat(() => this.#fetchKeys(), KEYS_EVERY);
    this.#repeat(() => this.#follow(), 0.02);
  }

  close() { this.#closing.abort(); }

  async verify(token) { // whose it is: sub and sid; throws Unavailable, or why the token is no good
    if (steady() - this.#currentAt >= this.maxAge || steady() - this.#keysAt >= KEYS_MAX_AGE) throw new Unavailable(this.trouble);
    const { payload } = await jwtVerify(token, this.#keys, RULES);
    if (payload.purpose !== "access" || payload.iat > Date.now() / 1000 + LEEWAY) throw new Error("not for this, or not yet");
    if (this.#revoked.has(payload.sid)) throw new Error("session ended");
    return payload;
  }

  async #fetchKeys(version = this.#version) { // a failure replaces nothing; no cache between has this version of before
    const set = await (await this.#get(`/.well-known/jwks.json?version=${version ?? ""}`, 0, {})).json();
    const usable = set.keys.filter((key) => ["Ed25519", "P-256"].includes(key.crv));
    if (!usable.length) throw new Error("the service publishes no keys: set LEADNATOR_JWT_ALGORITHM=EdDSA there");
    [this.#keys, this.#keysAt, this.#version] = [createLocalJWKSet({ keys: usable }), steady(), version];
  }

  async #follow() {
    const askedAt = steady(), wait = this.#atEnd ? Math.min(25, Math.max(0, Math.floor((this.maxAge - 1) / 2))) : 0;
    const headers = this.#version ? { ...this.headers, "x-keys-version": this.#version } : this.headers;
    const answer = await this.#get(`/api/auth/revocations?cursor=${this.#cursor}&wait=${wait}`, wait, headers);
    const page = await answer.json(), version = answer.headers.get("x-keys-version");
    for (const { session_id, until } of page.revocations) this.#revoked.set(session_id, Date.parse(until) / 1000);
    for (const [id, until] of this.#revoked) if (until + KEYS_MAX_AGE < Date.now() / 1000) this.#revoked.delete(id);
    if (this.#revoked.size > MAX_REVOCATIONS) throw new Error("more sessions ended than are kept in mind");
    this.#cursor = page.cursor; // after what it leads past is kept
    this.#atEnd = page.revocations.length < PAGE;
    if (this.#atEnd) this.#currentAt = askedAt; // as of the question: nobody knows when it was answered
    if (!version || version === this.#version) return;
    await this.#fetchKeys(version); // a key was retired, or another is next
    await sleep(0.25); // servers may disagree for a moment
  }

  async #get(path, wait, headers) {
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout((wait + 5) * 1000)]);
    const answer = await fetch(this.url + path, { headers, signal, redirect: "error" });
    if (answer.status === 400) this.#cursor = "start"; // the service does not know where we were
    if (answer.status !== 200) throw new Error(`the service answers ${answer.status}`);
    return answer;
  }

  async #repeat(work, pause) {
    for (let failures = 0; !this.#closing.signal.aborted; ) {
      const failed = await work().then(() => null, (error) => error);
      [failures, this.trouble] = failed ? [failures + 1, failed.message] : [0, "no answer for too long"];
      if (failed) this.#atEnd = false; // whoever comes back wants to know soon
      await sleep(failed ? Math.min(5, 0.1 * 2 ** failures) * (0.5 + Math.random() / 2) : pause);
    }
  }
}
