/** Elements without markup: every text goes in as text. */

const SVG = "http://www.w3.org/2000/svg";

/** The element of the page with this id, which must be there. */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`The page has no #${id}.`);
  return element;
}

/** An HTML element; attributes that are false or null are left out, children are nodes or text. */
export function el(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** An SVG element, as `el`. */
export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

/** A button of the page that does `act`. */
export function button(label, act, attributes = {}) {
  const made = el("button", { type: "button", ...attributes }, label);
  made.addEventListener("click", act);
  return made;
}

/** Makes `text` all that an element holds, without a change when it does already; an empty one is hidden. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
  element.hidden = text === "";
}

/** Replaces what a select offers, if that has changed, and keeps what is chosen, if that is still offered. */
export function offer(select, options) {
  const [before, now] = [[...select.children], options].map((all) => all.map((each) => each.outerHTML).join());
  if (before === now) return;
  const chosen = select.value;
  select.replaceChildren(...options);
  if ([...select.options].some((option) => option.value === chosen && !option.disabled)) select.value = chosen;
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}
