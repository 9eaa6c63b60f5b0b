// One more attempt for whoever lets this machine compute a while. The page
// starts this file once more as a worker, so that nothing stands still. The
// challenge is that of ALTCHA, version 2. All words come with the page; where
// this cannot run, the page says how long to wait, as without it.
(() => {
  "use strict";

  const AT_ONCE = 32;
  const bytes = (hex) =>
    Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16));
  const hex = (buffer) =>
    [...new Uint8Array(buffer)]
      .map((byte) => byte.toString(16).padStart(2, "0")).join("");

  // One try: the key that belongs to a number.
  const derive = async (parameters, counter) => {
    const nonce = bytes(parameters.nonce);
    const password = new Uint8Array(nonce.length + 4);
    password.set(nonce);
    new DataView(password.buffer).setUint32(nonce.length, counter);
    const key = await crypto.subtle.importKey(
      "raw", password, "PBKDF2", false, ["deriveBits"]);
    const how = {
      name: "PBKDF2", hash: "SHA-256",
      salt: bytes(parameters.salt), iterations: parameters.cost,
    };
    return hex(await crypto.subtle.deriveBits(
      how, key, parameters.keyLength * 8));
  };

  const solve = async ({ parameters }) => {
    for (let first = 0; ; first += AT_ONCE) {
      const keys = await Promise.all(Array.from(
        { length: AT_ONCE }, (_, at) => derive(parameters, first + at)));
      const at = keys.findIndex((key) => key.startsWith(parameters.keyPrefix));
      if (at >= 0) return { counter: first + at, derivedKey: keys[at] };
    }
  };

  if (typeof document === "undefined") {
    addEventListener("message", async ({ data }) => {
      postMessage(await solve(data));
    });
    return;
  }

  const place = document.querySelector("main [data-challenge]");
  const proof = document.querySelector("main [name=proof_of_work]");
  // Browsers lend their cryptography to secure pages alone.
  if (!place || !proof || !window.isSecureContext || !window.Worker) return;
  const challenge = JSON.parse(place.dataset.challenge);
  const form = proof.form;
  const press = (is) => {
    for (const button of form.querySelectorAll("button[type=submit]")) {
      if (is) button.setAttribute("aria-disabled", "true");
      else button.removeAttribute("aria-disabled");
    }
  };
  let held = false;
  let busy = true;
  const end = (solution, text) => {
    busy = false;
    place.textContent = text;
    if (solution) {
      proof.value = btoa(JSON.stringify({ challenge, solution }));
    }
    if (held) {
      press(false);
      form.requestSubmit();
    }
  };
  const worker = new Worker(document.currentScript.src);
  worker.addEventListener("message", ({ data }) => {
    worker.terminate();
    end(data, place.dataset.done);
  });
  worker.addEventListener("error", () => end(null, ""));
  // Whoever sends the form before it is ready need not press again.
  document.addEventListener("submit", (event) => {
    if (event.target !== form || !busy) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    held = true;
    press(true);
  }, true);
  place.textContent = place.dataset.busy;
  worker.postMessage(challenge);
})();
