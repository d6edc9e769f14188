// Keeps the page up to date, and sends its forms without leaving it. Everything works without this file, too.
"use strict";

const EVERY = 800; // milliseconds between two looks
let seen = "";

function parsed(text) {
  return new DOMParser().parseFromString(text, "text/html");
}

// Whether the user is in the middle of something there.
function isInUse(place) {
  const active = document.activeElement;
  return place.contains(active) && active.matches("input, select") && active.closest("[data-live]") !== null;
}

// Put what is new in the place of what is old; open menus stay open, and the focus stays where it was.
function replace(old, fresh) {
  const open = [...old.querySelectorAll("details[open][id]")].map((one) => one.id);
  const active = old.contains(document.activeElement) ? focusPath(document.activeElement) : null;
  const filled = new Map(
    [...old.querySelectorAll("input[id]")].filter((one) => one.value !== one.defaultValue).map((one) => [one.id, one.value])
  );
  const rows = new Map([...old.querySelectorAll("tr[id]")].map((one) => [one.id, one.querySelector(".pill")?.textContent]));
  const left = [...old.querySelectorAll("pre")].map((one) => [one.id, one.scrollTop]);
  old.replaceWith(fresh);
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  for (const [id, value] of filled) {
    const field = document.getElementById(id);
    if (field) field.value = value;
  }
  for (const [id, top] of left) if (id && document.getElementById(id)) document.getElementById(id).scrollTop = top;
  for (const row of fresh.querySelectorAll("tr[id]")) {
    if (rows.size && rows.get(row.id) !== row.querySelector(".pill")?.textContent) row.classList.add("changed");
  }
  if (active) find(active)?.focus({ preventScroll: true });
  showCopyButtons(fresh);
}

function focusPath(element) {
  if (element.id) return { id: element.id };
  const owner = element.closest("[id]");
  const tag = element.tagName.toLowerCase();
  return { owner: owner?.id, tag, number: owner ? [...owner.querySelectorAll(tag)].indexOf(element) : -1 };
}

function find(path) {
  if (path.id) return document.getElementById(path.id);
  return document.getElementById(path.owner)?.querySelectorAll(path.tag)[path.number];
}

function takeLive(page) {
  let isWhole = true;
  for (const fresh of page.querySelectorAll("[data-live]")) {
    const old = document.getElementById(fresh.id);
    if (!old || old.outerHTML === fresh.outerHTML || withoutState(old) === withoutState(fresh)) continue;
    if (isInUse(old)) isWhole = false;
    else replace(old, fresh);
  }
  return isWhole;
}

// The markup without what the user or this script did to it.
function withoutState(place) {
  const copy = place.cloneNode(true);
  for (const one of copy.querySelectorAll("details.menu[open], details.message[open], details[id^=queue][open]")) one.removeAttribute("open");
  for (const one of copy.querySelectorAll(".copy")) one.setAttribute("hidden", "");
  for (const one of copy.querySelectorAll("tr")) if (one.classList.length) one.removeAttribute("class");
  return copy.outerHTML;
}

function tokenOf(page) {
  return page.querySelector("[name=token]")?.value;
}

async function look() {
  const start = performance.now();
  if (!document.hidden) {
    try {
      const reply = await fetch(location.href, { headers: { "If-None-Match": seen }, cache: "no-store" });
      document.getElementById("lost").hidden = true;
      if (reply.ok) {
        const page = parsed(await reply.text());
        if (tokenOf(page) !== tokenOf(document)) location.reload(); // the server was started again: old forms are refused
        document.title = page.title;
        if (takeLive(page)) seen = reply.headers.get("ETag") ?? "";
      }
    } catch {
      document.getElementById("lost").hidden = false;
    }
  }
  // A long story takes long to draw: do not keep the server busy with it.
  setTimeout(look, Math.max(EVERY, 8 * (performance.now() - start)));
}

async function send(form, button) {
  const fields = new URLSearchParams(new FormData(form));
  if (button?.name) fields.append(button.name, button.value);
  for (const one of document.querySelectorAll("button")) one.toggleAttribute("data-busy", true);
  const reply = await fetch(form.action, { method: "POST", body: fields, cache: "no-store" });
  const page = parsed(await reply.text());
  document.getElementById("note").replaceChildren(...page.getElementById("note").childNodes);
  const main = page.getElementById("main");
  if (reply.ok && main) {
    const open = form.closest("details.card")?.id;
    for (const id of ["live-now", "live-nav"]) replace(document.getElementById(id), page.getElementById(id));
    document.getElementById("main").replaceWith(main);
    if (open) document.getElementById(open)?.setAttribute("open", "");
    showCopyButtons(main);
  } else {
    takeLive(page);
  }
  if (!document.activeElement || document.activeElement === document.body) {
    document.getElementById("note").focus({ preventScroll: true });
  }
  if (document.querySelector("#note .note")) document.getElementById("note").scrollIntoView({ block: "nearest" });
  seen = "";
}

document.addEventListener("submit", (event) => {
  if (event.target.method !== "post") return;
  event.preventDefault();
  send(event.target, event.submitter).catch(() => event.target.submit());
});

function showCopyButtons(place) {
  for (const one of place.querySelectorAll(".copy")) one.hidden = !navigator.clipboard;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest(".copy");
  if (button) {
    navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent).then(() => {
      const words = button.firstChild.data;
      button.firstChild.data = "Copied";
      setTimeout(() => { button.firstChild.data = words; }, 1500);
    });
  }
  // One menu at a time; a click elsewhere closes it.
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = event.target.closest("details.menu[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// What a form did is said once, not again when the page is reloaded.
const here = new URL(location.href);
if (here.searchParams.has("note")) {
  here.searchParams.delete("note");
  history.replaceState(null, "", here);
}
showCopyButtons(document);
setTimeout(look, EVERY);
