// Comfort for pages that work without it: passwords to be seen, advice while
// a new one is typed, characters left, a picture before it is sent, and a
// button that is not pressed twice. All words come with the page.
(() => {
  "use strict";

  const make = (tag, around, members = {}) =>
    around.appendChild(Object.assign(document.createElement(tag), members));

  // One button shows all passwords of a form, and says so to the ears.
  const reveal = (form) => {
    const fields = [...form.querySelectorAll("input[data-show]")];
    if (!fields.length) return;
    const buttons = [];
    const status = make("span", form, { className: "unseen" });
    status.setAttribute("role", "status");
    const turn = (shown) => {
      for (const field of fields) field.type = shown ? "text" : "password";
      for (const [button, { dataset }] of buttons) {
        button.textContent = shown ? dataset.hide : dataset.show;
        button.setAttribute(
          "aria-label", shown ? dataset.hideLabel : dataset.showLabel);
      }
      status.textContent =
        shown ? fields[0].dataset.shown : fields[0].dataset.hidden;
    };
    for (const field of fields) {
      field.autocapitalize = "none";
      field.spellcheck = false;
      const box = document.createElement("div");
      box.className = "secret";
      field.replaceWith(box);
      box.append(field);
      const button = make("button", box, { type: "button" });
      button.setAttribute("aria-controls", field.id);
      buttons.push([button, field]);
      button.addEventListener("click", () => turn(field.type === "password"));
    }
    turn(false);
    status.textContent = "";
    // A password manager keeps what a password field held.
    form.addEventListener("submit", () => turn(false));
  };

  // The server knows far more of them; these are what people try first.
  const FIRST_TRIED = [
    "password", "passwort", "passw0rd", "parol", "qwerty", "qazwsx", "asdfgh",
    "zxcvbn", "iloveyou", "sunshine", "princess", "football", "baseball",
    "superman", "batman", "dragon", "monkey", "master", "letmein", "welcome",
    "starwars", "trustno", "whatever", "michael", "jennifer", "admin",
  ];
  const isFirstTried = (low) => {
    const rest = FIRST_TRIED.reduce((left, word) => left.replace(word, ""), low);
    const steps = [...low].slice(1).map(
      (letter, at) => letter.codePointAt(0) - low.codePointAt(at));
    return (rest !== low && rest.length < 5)
      || steps.every((step) => step === steps[0]);
  };

  // What is told of a new password follows the server's rule.
  const advise = (field) => {
    const said = field.dataset;
    const least = Number(said.least);
    const row = make("p", field.closest(".field"), { className: "strength" });
    const meter = make("meter", row, { min: 0, max: 3, low: 1, high: 2 });
    meter.optimum = 3;
    meter.setAttribute("aria-hidden", "true");
    const words = make("span", row);
    words.setAttribute("role", "status");
    row.hidden = true;
    const names = () =>
      [...field.form.querySelectorAll(
        "#username, #email, input[autocomplete~=username]")]
        .flatMap((name) => [name.value, name.value.split("@")[0]])
        .map((name) => name.trim().toLowerCase())
        .filter((name) => name.length > 3);
    const judge = (typed) => {
      const length = [...typed].length;
      if (length < least) return [0, said.short.replace("{typed}", length)];
      const low = typed.toLowerCase();
      if (names().some((name) => low.includes(name))) return [1, said.named];
      if (isFirstTried(low) || new Set(low).size < Math.min(5, least)) {
        return [1, said.plain];
      }
      return length < 15 ? [2, said.fair] : [3, said.good];
    };
    let waiting;
    field.addEventListener("input", () => {
      row.hidden = !field.value;
      const [level, judged] = judge(field.value);
      // Source: NIST SP 800-63B-4, 3.1.1.2.
      const isAbroad = level > 1 && /[^ -~]/.test(field.value);
      const text = isAbroad ? `${judged}. ${said.abroad}` : judged;
      meter.value = level || 0.4;
      clearTimeout(waiting);
      waiting = setTimeout(() => { words.textContent = text; }, 300);
    });
  };

  // How much room is left, once it matters.
  const count = (field) => {
    const { longest, left, over } = field.dataset;
    const row = make("p", field.closest(".field"), { className: "hint" });
    row.setAttribute("role", "status");
    field.addEventListener("input", () => {
      const room = longest - [...field.value.trim()].length;
      const text = room < 0 ? over : left;
      row.classList.toggle("over", room < 0);
      row.textContent =
        room > Math.max(longest / 5, 20) ? ""
          : text.replace("{count}", Math.abs(room));
    });
  };

  // The picture as it will be, before it is sent.
  const preview = (field) => {
    const box = make("p", field.closest(".field"), { className: "preview" });
    let address;
    field.addEventListener("change", () => {
      box.replaceChildren();
      if (address) URL.revokeObjectURL(address);
      const [file] = field.files;
      if (!file) return;
      address = URL.createObjectURL(file);
      const picture = make("img", box, { className: "picture", alt: "" });
      picture.addEventListener("error", () => picture.remove());
      picture.src = address;
      make("span", box, { className: "small", textContent: file.name });
    });
  };

  // A second press does nothing while the first is on its way.
  const once = (form) => {
    const press = (is) => {
      for (const button of form.querySelectorAll("button[type=submit]")) {
        if (is) button.setAttribute("aria-disabled", "true");
        else button.removeAttribute("aria-disabled");
      }
    };
    // A download leaves the page as it is, and the next one may be wanted.
    const pause = "stays" in form.dataset ? 1000 : 8000;
    let sent = 0;
    form.addEventListener("submit", (event) => {
      if (event.defaultPrevented) return;
      if (Date.now() - sent < pause) {
        event.preventDefault();
        return;
      }
      sent = Date.now();
      press(true);
      setTimeout(() => press(false), pause);
    });
    // Back in the history the page stands as it was left.
    addEventListener("pageshow", () => { sent = 0; press(false); });
  };

  const each = (selector, act) =>
    document.querySelectorAll(selector).forEach(act);
  // A host's own forms, around our page, are the host's.
  each("main form[method=post]", reveal);
  each("main form[method=post]", once);
  each("main input[data-least]", advise);
  each("main [data-longest]", count);
  each("main input[type=file]", preview);
})();
