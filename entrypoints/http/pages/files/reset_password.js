"use strict";

// The form works without this: it only lets people see what they type, and how far they are.
const password = document.getElementById("password");
const show = document.getElementById("show");
const hint = document.getElementById("hint");
const least = Number(password.dataset.minLength);

show.hidden = false;
show.addEventListener("click", () => {
  const isShown = password.type === "password";
  password.type = isShown ? "text" : "password";
  show.textContent = isShown ? "Hide" : "Show";
  show.setAttribute("aria-pressed", String(isShown));
  password.focus();
});

// No password manager offers to save a form field of type "text".
password.form.addEventListener("submit", () => {
  password.type = "password";
});

const advice = hint.textContent;
password.addEventListener("input", () => {
  const missing = least - [...password.value.normalize("NFC")].length;
  if (password.value === "") {
    hint.textContent = advice;
  } else if (missing > 0) {
    hint.textContent = missing === 1 ? "1 character more." : `${missing} characters more.`;
  } else {
    hint.textContent = "Long enough.";
  }
});
