// The token and the person behind the page's requests: renews the token, signs in again in place, and stops everything
// where somebody else has signed in meanwhile.
"use strict";

const sessionOf = (sheet, { announce, words }) => {
  const dialog = document.getElementById("sign-in");
  const form = dialog.querySelector("form");
  const [name, password] = form.querySelectorAll("input");
  const failure = form.querySelector(".error");
  const home = sheet.getAttribute("action");
  const field = "csrfmiddlewaretoken";
  let waiting = null; // resolves when the same person has signed in
  let isForeign = false;

  const parsed = async (response) => new DOMParser().parseFromString(await response.text(), "text/html");

  // Whose page came: "same" (and its token is taken over), "other", or "out" where one must sign in first.
  const welcome = (page) => {
    if (page.querySelector("input[name=password]")) return "out";
    if (page.querySelector("[data-person]")?.dataset.person !== sheet.dataset.person) {
      turnAway();
      return "other";
    }
    const token = page.querySelector(`[name=${field}]`).value;
    for (const input of document.getElementsByName(field)) input.value = token;
    return "same";
  };

  const turnAway = () => {
    if (isForeign) return;
    isForeign = true;
    sheet.inert = true;
    dialog.close();
    const told = document.getElementById("somebody-else");
    told.addEventListener("close", () => location.reload());
    told.showModal();
  };

  const renew = async () => welcome(await parsed(await fetch(home, { cache: "no-store" })));

  // Opens beside the sheet and leaves the focus where it is: whoever is typing goes on typing.
  const signIn = () => {
    if (!waiting) waiting = Promise.withResolvers ? Promise.withResolvers() : resolvers();
    if (!dialog.open && !isForeign) {
      const place = document.activeElement;
      dialog.show();
      place?.focus({ preventScroll: true });
      announce(words.sign_in);
    }
    return waiting.promise;
  };
  const resolvers = () => {
    const one = {};
    one.promise = new Promise((resolve) => { one.resolve = resolve; });
    return one;
  };

  const say = (text) => {
    failure.textContent = text;
    failure.hidden = !text;
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    say("");
    try {
      const door = await parsed(await fetch(form.dataset.address, { cache: "no-store" }));
      const token = door.querySelector("input[name=password]")?.form.querySelector(`[name=${field}]`).value;
      const typed = { username: name.value, password: password.value, next: home, [field]: token };
      const body = new URLSearchParams(token ? typed : {});
      const page = token ? await parsed(await fetch(form.dataset.address, { method: "POST", body })) : null;
      const outcome = page ? welcome(page) : await renew(); // Without a form there: signed in already, in another tab.
      if (outcome === "out") say(page?.querySelector(".error-summary li")?.textContent.trim() || words.sign_in_failed);
      if (outcome === "same") {
        password.value = "";
        dialog.close();
        waiting?.resolve();
        waiting = null;
      }
    } catch {
      say(words.no_connection);
    }
    button.disabled = false;
  });

  return {
    renew,
    signIn,
    get token() { return sheet.elements[field].value; },
    get isForeign() { return isForeign; },
    get isOut() { return waiting !== null; },
  };
};
