const API = "/account/api/v1";
const $ = (id) => document.getElementById(id);

// Ask with JSON; the browser sends the session's cookie by itself.
async function ask(method, path, body) {
  const answer = await fetch(path, {
    method,
    headers: { Accept: "application/json", "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
  });
  const told = answer.status === 204 ? {} : await answer.json();
  return { ok: answer.ok, status: answer.status, told };
}

// A refusal is a problem document (RFC 9457), with an error for each field.
function words(problem) {
  const errors = (problem.errors || []).map((error) => error.message);
  return errors.join(". ") || problem.title;
}

function say(text) {
  $("said").textContent = text;
}

async function look() {
  const session = await ask("GET", `${API}/sessions/current`);
  $("inside").hidden = !session.ok;
  $("outside").hidden = session.ok;
  if (session.ok) {
    const profile = await ask("GET", `${API}/profile`);
    $("me").textContent = profile.told.username;
  }
}

$("enter").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { name, password } = Object.fromEntries(new FormData(event.target));
  if (event.submitter.value === "sign-up") {
    const made = await ask("POST", `${API}/users`, { email: name, password });
    if (!made.ok) return say(words(made.told));
  }
  const opened = await ask("POST", `${API}/sessions`, { name, password });
  if (!opened.ok) return say(words(opened.told));
  event.target.reset();
  say("Welcome.");
  await look();
});

$("ask").addEventListener("click", async () => {
  const { ok, told } = await ask("GET", "/fortune");
  say(ok ? told.text : words(told));
});

$("leave").addEventListener("click", async () => {
  await ask("DELETE", `${API}/sessions/current`);
  say("See you.");
  await look();
});

await look();
