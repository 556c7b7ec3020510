// What the pages do beside links and forms, which work without it.
"use strict";

const live = document.getElementById("live");

/** Tells people who listen what they cannot see. */
function say(text) {
  if (live) live.textContent = text;
}

// --- copy: a button with data-copy="id of what to copy"

async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  if (!source) return;
  const text = source.textContent.trim();
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const range = document.createRange();
    range.selectNodeContents(source);
    const selection = getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
    if (!document.execCommand("copy")) return;
    selection.removeAllRanges();
  }
  const label = button.querySelector("span");
  const before = label.textContent;
  label.textContent = "Copied";
  say("Copied");
  setTimeout(() => { label.textContent = before; }, 1600);
}

// --- dialogs: a link with data-dialog="id"; without this script it leads to the page with the dialog open

function open(dialog) {
  if (!dialog) return false;
  if (dialog.open) dialog.close();
  dialog.showModal();
  return true;
}

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  if (!target) return;
  const copier = target.closest("[data-copy]");
  if (copier) return void copy(copier);
  const opener = target.closest("[data-dialog]");
  if (opener && open(document.getElementById(opener.dataset.dialog))) return void event.preventDefault();
  const closer = target.closest("[data-close]");
  if (closer) {
    const dialog = closer.closest("dialog");
    if (dialog) {
      event.preventDefault();
      dialog.close();
    }
    return;
  }
  const dismiss = target.closest("[data-dismiss-secret]");
  if (dismiss) {
    event.preventDefault();
    forget(dismiss.href);
  }
});

for (const dialog of document.querySelectorAll("dialog[open]")) open(dialog);

// --- a secret that is shown once: it leaves the page with its dialog, and no reload and no way back shows it again

function forget(where) {
  for (const secret of document.querySelectorAll("[data-secret]")) secret.remove();
  location.replace(where);
}

const shown = document.querySelector("dialog[data-secret-page]");
if (shown) {
  const page = shown.dataset.secretPage;
  history.replaceState(null, "", page);
  // Escape must not end the one time that it is shown.
  shown.addEventListener("cancel", (event) => event.preventDefault());
  addEventListener("pageshow", (event) => { if (event.persisted) forget(page); });
  addEventListener("pagehide", () => {
    for (const secret of document.querySelectorAll("[data-secret]")) secret.remove();
  });
}

// --- notices are said once: a reload does not repeat them

const url = new URL(location.href);
if (!shown && url.searchParams.has("done")) {
  url.searchParams.delete("done");
  history.replaceState(null, "", url);
}

// --- parts of a page

/** Fetches a part of a page; `null` where it did not come. */
async function part(address, signal) {
  try {
    const answer = await fetch(address, { headers: { "x-partial": "1" }, credentials: "same-origin", signal });
    if (answer.status === 401) {
      location.reload();
      return null;
    }
    return answer.ok ? await answer.text() : null;
  } catch {
    return null;
  }
}

// --- search as you type: a form with data-search="id of the results"

for (const form of document.querySelectorAll("form[data-search]")) {
  const results = document.getElementById(form.dataset.search);
  let timer = 0;
  let running = null;
  const search = async () => {
    const query = new URLSearchParams(new FormData(form));
    for (const [name, value] of [...query]) if (!value) query.delete(name);
    const address = form.getAttribute("action") + (query.size ? `?${query}` : "");
    running?.abort();
    running = new AbortController();
    results.classList.add("busy");
    const html = await part(address, running.signal);
    if (html === null) return;
    results.innerHTML = html;
    results.classList.remove("busy");
    history.replaceState(null, "", address);
    say(results.querySelector("[data-summary]")?.textContent ?? "");
  };
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(search, 160);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(timer);
    search();
  });
}

// --- parts that stay fresh: data-refresh="address", data-every="ms"

for (const box of document.querySelectorAll("[data-refresh]")) {
  let last = null;
  const refresh = async () => {
    if (document.hidden || document.querySelector("dialog[open]") || box.contains(document.activeElement)) return;
    const html = await part(box.dataset.refresh);
    if (html !== null && html !== last) {
      box.innerHTML = html;
      last = html;
    }
  };
  setInterval(refresh, Number(box.dataset.every) || 5000);
  document.addEventListener("visibilitychange", refresh);
}

// --- what happens elsewhere, as it happens: data-stream="address"

for (const list of document.querySelectorAll("[data-stream]")) {
  const state = document.getElementById(list.dataset.state);
  const source = new EventSource(list.dataset.stream);
  source.addEventListener("open", () => { if (state) { state.className = "pill good"; state.textContent = "Live"; } });
  source.addEventListener("error", () => { if (state) { state.className = "pill warn"; state.textContent = "Reconnecting"; } });
  source.addEventListener("row", (event) => {
    const row = document.createElement("template");
    row.innerHTML = event.data;
    const fresh = row.content.firstElementChild;
    if (!fresh || (fresh.id && document.getElementById(fresh.id))) return;
    list.prepend(fresh);
    while (list.children.length > 200) list.lastElementChild.remove();
    document.getElementById("nothing-yet")?.remove();
    list.closest("[data-hidden-until-row]")?.removeAttribute("hidden");
  });
  addEventListener("pagehide", () => source.close());
}

// --- the theme: a form of buttons, each with the name of one

for (const form of document.querySelectorAll("form[data-theme-form]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const dark = document.documentElement.dataset.theme === "dark" ||
      (document.documentElement.dataset.theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
    const theme = dark ? "light" : "dark";
    document.documentElement.dataset.theme = theme;
    document.cookie = `rollcall-theme=${theme}; Path=/admin; SameSite=Strict; Max-Age=31536000`;
    say(theme === "dark" ? "Dark theme" : "Light theme");
  });
}

// --- times: the title has the time where the browser is, and then that of UTC, which the page itself writes

const local = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });
const localise = (within) => {
  for (const time of within.querySelectorAll("time[datetime][title$=UTC]")) {
    const moment = new Date(time.dateTime);
    if (!Number.isNaN(moment.valueOf())) time.title = `${local.format(moment)} (${time.title.replace(/ UTC$/, "")} in UTC)`;
  }
};
localise(document);
new MutationObserver((changes) => {
  for (const { target } of changes) localise(target);
}).observe(document.body, { childList: true, subtree: true });

// --- menus of many: a field with data-narrows leaves those whose text has what is typed

for (const field of document.querySelectorAll("input[data-narrows]")) {
  field.hidden = false;
  const entries = [...field.parentElement.querySelectorAll("a:not(.all)")];
  field.addEventListener("input", () => {
    const part = field.value.trim().toLowerCase();
    for (const entry of entries) entry.hidden = !entry.textContent.toLowerCase().includes(part);
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") entries.find((entry) => !entry.hidden)?.click();
  });
  field.closest("details").addEventListener("toggle", (event) => {
    if (event.target.open) field.focus();
  });
}

// --- menus close when one looks elsewhere

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.picker[open]")) {
    if (!menu.contains(event.target)) menu.removeAttribute("open");
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.picker[open]")) {
    menu.removeAttribute("open");
    menu.querySelector("summary").focus();
  }
});
