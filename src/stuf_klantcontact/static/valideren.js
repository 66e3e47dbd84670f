// What the page /valideren can do more with a script: check without leaving the page, drop files, copy a report.
// Everything else works by the form and by links; the server renders every result.
"use strict";
(() => {
  const form = () => document.getElementById("controle");

  function prepare() {
    for (const hidden of document.querySelectorAll("[data-copy], .drops")) hidden.hidden = false;
  }

  function say(text) {
    const place = document.getElementById("melding");
    place.replaceChildren();
    if (!text) return;
    const alert = document.createElement("p");
    alert.className = "alert";
    alert.setAttribute("role", "alert");
    alert.textContent = text;
    place.append(alert);
    place.focus();
  }

  let asking = null;

  async function send(button) {
    const body = new FormData(form(), button);
    const address = (button?.hasAttribute("formaction") ? button.formAction : form().action).split("#")[0];
    const language = button?.hasAttribute("formaction") ? button.lang : "";
    asking?.abort();
    const current = (asking = new AbortController());
    form().setAttribute("aria-busy", "true");
    document.getElementById("bezig").textContent = form().dataset.busy;
    try {
      const answer = await fetch(address, { method: "POST", body, signal: current.signal });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (current.signal.aborted) return;
      const alert = page.querySelector("#melding .alert");
      if (!answer.ok) {
        say(alert ? alert.textContent : page.querySelector("h1")?.textContent || form().dataset.offline);
        return;
      }
      show(page, address, language);
    } catch (error) {
      if (error.name !== "AbortError") say(form().dataset.offline);
    } finally {
      if (asking === current) {
        form().removeAttribute("aria-busy");
        document.getElementById("bezig").textContent = "";
      }
    }
  }

  function show(page, address, language) {
    const scroll = [window.scrollX, window.scrollY];
    document.title = page.title;
    document.documentElement.lang = page.documentElement.lang;
    for (const part of ["header", "main", ".skip"]) {
      document.querySelector(part).replaceWith(document.adoptNode(page.querySelector(part)));
    }
    history.replaceState(null, "", address);
    prepare();
    const outcome = document.getElementById("uitkomst");
    if (language) {
      window.scrollTo(...scroll);
      document.querySelector(`.languages [lang="${language}"]`).focus({ preventScroll: true });
    } else if (outcome) {
      outcome.focus();
      outcome.scrollIntoView();
    }
  }

  async function copy(button) {
    const text = document.getElementById(button.dataset.copy);
    const said = button.parentElement.querySelector("[role=status]");
    let done = true;
    try {
      await navigator.clipboard.writeText(text.value);
    } catch {
      // Without https there is no clipboard to ask for; the old way needs the text to be visible.
      text.closest("details").open = true;
      text.select();
      done = document.execCommand("copy");
    }
    said.textContent = done ? button.dataset.done : button.dataset.failed;
  }

  document.addEventListener("submit", (event) => {
    if (event.target !== form()) return;
    event.preventDefault();
    send(event.submitter);
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) copy(button);
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.id === "xml") {
      form().requestSubmit(form().querySelector("button.main"));
    }
  });

  const brings = (event) => event.dataTransfer?.types.includes("Files");
  let over = 0;
  document.addEventListener("dragenter", (event) => {
    if (brings(event)) document.body.classList.toggle("dropping", ++over > 0);
  });
  document.addEventListener("dragleave", (event) => {
    if (brings(event)) document.body.classList.toggle("dropping", --over > 0);
  });
  document.addEventListener("dragover", (event) => {
    if (brings(event)) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    over = 0;
    document.body.classList.remove("dropping");
    if (!brings(event)) return;
    event.preventDefault();
    document.getElementById("bestanden").files = event.dataTransfer.files;
    form().requestSubmit(form().querySelector("button.main"));
  });

  prepare();
})();
