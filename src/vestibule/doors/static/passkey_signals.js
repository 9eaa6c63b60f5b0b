// What goes on beside the person: whoever keeps passkeys is told which there
// are, and may make one where a password was just filled in. No dialog opens,
// and where a browser knows nothing of it, nothing happens.
(() => {
  "use strict";

  const { PublicKeyCredential: kind } = window;
  if (!kind) return;
  const { signal } = document.currentScript.dataset;
  for (const [name, told] of Object.entries(JSON.parse(signal || "{}"))) {
    if (kind[name]) kind[name](told).catch(() => {});
  }

  const make = async (form) => {
    const { conditionalCreate } = await kind.getClientCapabilities();
    if (!conditionalCreate) return;
    const [secret] = form.elements;
    const send = (what, more) => fetch(form.dataset[what], {
      method: "POST",
      headers: { Accept: "application/json" },
      body: new URLSearchParams({ [secret.name]: secret.value, ...more }),
    });
    const answer = await send("options", { quiet: "true" });
    if (!answer.ok) return;
    const { public_key: found } = await answer.json();
    const made = await navigator.credentials.create({
      publicKey: kind.parseCreationOptionsFromJSON(found),
      mediation: "conditional",
    });
    await send("quiet", { credential: JSON.stringify(made) });
  };

  const form = document.querySelector("form[data-quiet]");
  if (form && kind.getClientCapabilities) make(form).catch(() => {});
})();
