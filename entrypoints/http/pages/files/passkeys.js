// Passkeys for a page of this origin, as a module: `import { logIn, register } from "./passkeys.js"`. It asks the API, and
// the browser, and nothing else; a page that uses it needs `connect-src 'self'`. A refusal of the API is thrown as
// PasskeyRefusal, with the problem in it; what the browser refuses is thrown as it is, a DOMException.

const RENEWED_BEFORE_MILLISECONDS = 30_000;
const SHORTEST_MILLISECONDS = 1_000;
let waiting = null;

export class PasskeyRefusal extends Error {
  constructor(problem) {
    super(problem.detail);
    this.code = problem.code;
    this.problem = problem;
  }
}

export function isSupported() {
  return typeof window.PublicKeyCredential === "function" && Boolean(navigator.credentials);
}

// Whether the browser offers passkeys where it fills in names, in fields with autocomplete="username webauthn".
export async function canFillIn() {
  return isSupported() && Boolean(await PublicKeyCredential.isConditionalMediationAvailable?.());
}

// Makes a passkey for whoever has the token, and returns it as the API lists it.
export async function register({ token, name, api = "/api/auth" }) {
  const asked = await called(`${api}/passkeys/registration/options`, { token });
  const credential = await created(asked.options);
  const body = { challenge_id: asked.challenge_id, credential, name };
  return (await called(`${api}/passkeys`, { token, body })).passkey;
}

// Returns what a log-in answers: `token` and `user`.
export async function logIn({ api = "/api/auth" } = {}) {
  const asked = await called(`${api}/login/passkey/options`);
  return answered(api, asked, await used(asked.options));
}

// The same, once somebody chooses a passkey where the browser fills in names; until then it waits, and renews what is
// asked for before that expires. It returns null where nobody chooses: another ceremony of the page ends it, or the
// person does.
export async function logInWhenChosen({ api = "/api/auth" } = {}) {
  for (;;) {
    const asked = await called(`${api}/login/passkey/options`);
    const controller = new AbortController();
    const age = Math.max(asked.options.timeout - RENEWED_BEFORE_MILLISECONDS, SHORTEST_MILLISECONDS);
    let isStale = false;
    const timer = setTimeout(() => {
      isStale = true;
      controller.abort();
    }, age);
    try {
      return await answered(api, asked, await used(asked.options, { controller, mediation: "conditional" }));
    } catch (error) {
      if (error.name !== "AbortError" && error.name !== "NotAllowedError") throw error;
      if (!isStale) return null;
    } finally {
      clearTimeout(timer);
    }
  }
}

// Answers the challenge of a log-in that takes a second factor, of whose refusal this is the problem.
export async function giveSecondFactor(problem, { api = "/api/auth" } = {}) {
  const credential = await used(problem.passkey.options);
  return called(`${api}/login/second-factor`, { body: { challenge: problem.challenge, credential } });
}

// Proves once more, in the session of the token, whose it is.
export async function stepUp({ token, api = "/api/auth" }) {
  const asked = await called(`${api}/step-up/options`, { token });
  const body = { challenge_id: asked.challenge_id, credential: await used(asked.options) };
  return called(`${api}/step-up`, { token, body });
}

function answered(api, asked, credential) {
  return called(`${api}/login/passkey`, { body: { challenge_id: asked.challenge_id, credential } });
}

async function called(url, { token, body } = {}) {
  const headers = {};
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body) headers["Content-Type"] = "application/json";
  const answer = await fetch(url, { method: "POST", headers, body: body && JSON.stringify(body) });
  const members = await answer.json();
  if (!answer.ok) throw new PasskeyRefusal(members);
  return members;
}

async function created(options) {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON?.(options) ?? {
    ...options,
    challenge: bytesOf(options.challenge),
    user: { ...options.user, id: bytesOf(options.user.id) },
    excludeCredentials: options.excludeCredentials.map(withBytes),
  };
  const controller = onlyOne();
  return toJson(await navigator.credentials.create({ publicKey, signal: controller.signal }));
}

async function used(options, { controller, mediation } = {}) {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON?.(options) ?? {
    ...options,
    challenge: bytesOf(options.challenge),
    allowCredentials: options.allowCredentials.map(withBytes),
  };
  const { signal } = onlyOne(controller);
  return toJson(await navigator.credentials.get({ publicKey, signal, ...(mediation && { mediation }) }));
}

// A browser has one ceremony at a time: the one that waits ends where another begins.
function onlyOne(controller = new AbortController()) {
  waiting?.abort();
  waiting = controller;
  return controller;
}

// What `toJSON` gives; some browsers have no such function, or one that is another's.
function toJson(credential) {
  try {
    return credential.toJSON();
  } catch {
    const { response } = credential;
    const parts = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
    const written = parts.filter((part) => response[part]).map((part) => [part, textOf(response[part])]);
    return {
      id: credential.id,
      rawId: textOf(credential.rawId),
      type: credential.type,
      response: { ...Object.fromEntries(written), transports: response.getTransports?.() ?? [] },
      clientExtensionResults: credential.getClientExtensionResults(),
    };
  }
}

function withBytes(descriptor) {
  return { ...descriptor, id: bytesOf(descriptor.id) };
}

function bytesOf(text) {
  const standard = text.replaceAll("-", "+").replaceAll("_", "/");
  return Uint8Array.from(atob(standard), (character) => character.charCodeAt(0));
}

function textOf(bytes) {
  const characters = Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join("");
  return btoa(characters).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
