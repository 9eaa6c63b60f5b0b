// What goes on beside the person: whoever keeps passkeys is told which there
// are, and may make one where a password was just filled in. No dialog opens,
// and where a browser knows nothing of it, nothing happens.
(async () => {
  "use strict";

  const { PublicKeyCredential: kind } = window;
  if (!kind) return;
  const { signal } = document.currentScript.dataset;
  for (const [name, told] of Object.entries(JSON.parse(signal || "{}"))) {
    if (kind[name]) kind[name](told).catch(() => {});
  }

  const form = document.querySelector("form[data-quiet]");
  if (!form || !kind.getClientCapabilities) return;
  const { conditionalCreate } = await kind.getClientCapabilities();
  if (!conditionalCreate) return;
  const send = (address, more) => fetch(address, {
    method: "POST",
    headers: { Accept: "application/json" },
    body: new URLSearchParams(
      { [form.elements[0].name]: form.elements[0].value, ...more }),
  });
  const answer = await send(form.dataset.options, { quiet: "true" });
  if (!answer.ok) return;
  const { public_key: found } = await answer.json();
  const made = await navigator.credentials.create({
    publicKey: kind.parseCreationOptionsFromJSON(found),
    mediation: "conditional",
  });
  await send(form.dataset.quiet, { credential: JSON.stringify(made) });
})().catch(() => {});
