// Passkeys: the browser is asked, and its answer goes the way of any form.
// Without this file the button is sent alone, and the server says what is
// missing. All words come with the page.
(() => {
  "use strict";

  const { PublicKeyCredential: kind } = window;
  const isAble = Boolean(kind && kind.parseRequestOptionsFromJSON);
  // A challenge lives for five minutes.
  const AGAIN = 240000;
  let asking = new AbortController();

  const options = async (form) => {
    const [secret] = form.elements;
    const answer = await fetch(form.dataset.options, {
      method: "POST",
      headers: { Accept: "application/json" },
      body: new URLSearchParams({ [secret.name]: secret.value }),
    });
    return answer.ok ? (await answer.json()).public_key : null;
  };

  // What the browser is asked while another question stands, that one ends.
  const ask = async (form, mediation) => {
    asking.abort();
    const { signal } = asking = new AbortController();
    const found = await options(form);
    const { credential, remember } = form.elements;
    if (found && !signal.aborted) {
      const isNew = form.dataset.passkey === "create";
      const publicKey = isNew
        ? kind.parseCreationOptionsFromJSON(found)
        : kind.parseRequestOptionsFromJSON(found);
      const given = { publicKey, signal, ...(mediation && { mediation }) };
      credential.value = JSON.stringify(isNew
        ? await navigator.credentials.create(given)
        : await navigator.credentials.get(given));
    }
    if (signal.aborted) return;
    const wish = document.querySelector("#remember");
    if (remember && wish) remember.value = wish.checked ? "true" : "";
    // Without an answer the server says what to do, such as to confirm.
    form.submit();
  };

  // The list of what a browser can fill in names passkeys, too.
  const begin = async (form) => {
    const can = kind.isConditionalMediationAvailable;
    if (!can || !await can.call(kind)) return;
    const again = () => { ask(form, "conditional").catch(() => {}); };
    again();
    const timer = setInterval(again, AGAIN);
    form.addEventListener("passkey", () => clearInterval(timer));
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const [failed, unable] = form.querySelectorAll(".notice");
    const button = form.querySelector("button");
    if (!isAble) {
      unable.hidden = "begins" in form.dataset;
      button.hidden = true;
      continue;
    }
    // Before what guards other forms against a second press.
    document.addEventListener("submit", (event) => {
      if (event.target !== form) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      form.dispatchEvent(new Event("passkey"));
      failed.hidden = true;
      ask(form).catch((error) => {
        if (error.name !== "AbortError") failed.hidden = false;
      });
    }, true);
    if ("begins" in form.dataset) begin(form);
  }
})();
