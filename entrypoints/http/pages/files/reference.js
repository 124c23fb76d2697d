"use strict";

// The page works without this: it only saves people from selecting what they want to copy.
const COPIED_MILLISECONDS = 2000;

for (const snippet of document.querySelectorAll("figure[data-copy]")) {
  const code = snippet.querySelector("code");
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.setAttribute("aria-label", `Copy ${code.parentElement.getAttribute("aria-label")}`);
  button.addEventListener("click", () => copy(code, button));
  snippet.querySelector("figcaption").append(button);
}

async function copy(code, button) {
  const hasCopied = await written(code);
  button.textContent = hasCopied ? "Copied" : "Press Ctrl+C";
  document.getElementById("told").textContent = hasCopied ? "Copied." : "Selected: press Ctrl+C to copy.";
  setTimeout(() => {
    button.textContent = "Copy";
    document.getElementById("told").textContent = "";
  }, COPIED_MILLISECONDS);
}

// A page that came over plain HTTP from another machine has no clipboard: what is left is to select the text.
async function written(code) {
  try {
    await navigator.clipboard.writeText(code.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(code);
    return false;
  }
}
