// Comfort for pages that show what is to be kept: it is copied, or printed.
// Without it there are the letters themselves, and a file to download.
(() => {
  "use strict";

  const each = (selector, act) =>
    document.querySelectorAll(selector).forEach(act);

  // The clipboard is there by https alone.
  each("main [data-copy]", (button) => {
    if (!navigator.clipboard) return;
    const status = document.createElement("span");
    status.className = "unseen";
    status.setAttribute("role", "status");
    button.after(status);
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(button.dataset.copy);
        button.textContent = button.dataset.copied;
        status.textContent = button.dataset.copied;
      } catch {
        status.textContent = "";
      }
    });
  });
  each("main [data-print]", (button) => {
    button.hidden = false;
    button.addEventListener("click", () => print());
  });
})();
