// Small helps for people who use Redress all day. Everything works without them.
"use strict";

const rows = () => [...document.querySelectorAll("[data-row] [data-row-link]")];

const isTyping = (element) =>
  element.closest("input, select, textarea, [contenteditable]") !== null;

// j and k walk along a list, Enter opens (it is a link already), / goes to the quick field.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (event.key === "/") {
    const field = document.querySelector("[data-quick]");
    if (field) {
      event.preventDefault();
      field.focus();
      field.select();
    }
    return;
  }
  if (event.key !== "j" && event.key !== "k") return;
  const links = rows();
  if (links.length === 0) return;
  const here = links.indexOf(document.activeElement);
  const next = event.key === "j" ? here + 1 : here - 1;
  links[Math.min(Math.max(next, 0), links.length - 1)].focus();
});

// Choosing from a filter's list is enough; text and dates wait for Enter or the button.
for (const form of document.querySelectorAll("[data-autosubmit]")) {
  form.addEventListener("change", (event) => {
    if (event.target.matches("select")) form.requestSubmit();
  });
  // Empty filters would only clutter the address.
  form.addEventListener("formdata", (event) => {
    for (const [name, value] of [...event.formData]) {
      if (value === "") event.formData.delete(name);
    }
  });
}

// Refused goods usually go back to the customer, and never to stock.
for (const verdict of document.querySelectorAll("[data-verdict]")) {
  verdict.addEventListener("change", (event) => {
    const place = verdict.querySelector("select");
    if (event.target.value === "refuse" && place.value === "restock") {
      place.value = "return_to_customer";
    } else if (event.target.value === "accept" && place.value === "return_to_customer") {
      place.value = "restock";
    }
  });
}

// The menu of the person closes when something else is clicked, or with Escape.
for (const menu of document.querySelectorAll("details.person")) {
  document.addEventListener("click", (event) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
}

// A scanner types and sends Enter, so the scan field has the cursor again when nothing else has.
for (const field of document.querySelectorAll("[data-scan]")) {
  field.focus();
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (event.key.length === 1 && event.key !== "/") field.focus();
  });
}
