// Copies the text of the element that a button names in data-copy; without scripts the button stays hidden and the
// text can be selected by hand. data-done and data-failed are the sentences said in the button's own status.
(() => {
  "use strict";
  for (const button of document.querySelectorAll("button[data-copy]")) {
    const status = button.parentElement.querySelector("[role='status']");
    button.hidden = false;
    button.addEventListener("click", async () => {
      const text = document.getElementById(button.dataset.copy);
      let done = true;
      try {
        await navigator.clipboard.writeText(text.innerText);
      } catch {
        // No clipboard outside https and localhost: select the text, so that one key is enough where this fails too.
        getSelection().selectAllChildren(text);
        done = document.execCommand("copy");
      }
      status.textContent = done ? button.dataset.done : button.dataset.failed;
    });
  }
})();
