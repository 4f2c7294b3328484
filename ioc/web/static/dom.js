// Small things about the document: find, parse, merge, and words from the server.

export const find = (selector, within = document) => within.querySelector(selector);
export const findAll = (selector, within = document) => Array.from(within.querySelectorAll(selector));

const words = JSON.parse(document.body.dataset.words);

/** The sentence `key` of the group `live`, its {names} filled in. */
export function say(key, values = {}) {
  return words[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** Put a sentence into an element, **stressed** words in bold, and show it; nothing hides it. */
export function tell(element, sentence) {
  element.hidden = !sentence;
  if (element.dataset.said === sentence) return;
  element.dataset.said = sentence;
  element.textContent = '';
  sentence.split('**').forEach((part, index) => {
    const node = index % 2 ? document.createElement('strong') : document.createTextNode(part);
    if (index % 2) node.textContent = part;
    element.append(node);
  });
}

/** The elements in a piece of HTML from our own server. */
export function parse(html) {
  return new DOMParser().parseFromString(html, 'text/html').body;
}

/** Make `old` equal to `fresh` but keep its nodes, so that focus, scroll and pictures stay. */
export function merge(old, fresh) {
  if (old.nodeName !== fresh.nodeName || old.id !== fresh.id) {
    old.replaceWith(fresh);
    return;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
    return;
  }
  mergeAttributes(old, fresh);
  mergeChildren(old, fresh);
}

function mergeAttributes(old, fresh) {
  for (const { name } of Array.from(old.attributes)) {
    // What a person has opened stays open.
    if (name === 'open' && old.nodeName === 'DETAILS') continue;
    if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of Array.from(fresh.attributes)) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
}

/** Make the children of `old` those of `fresh`; one with an id is never moved, so a clip plays on. */
export function mergeChildren(old, fresh) {
  const wanted = Array.from(fresh.childNodes);
  const ids = new Set(wanted.map((node) => node.id).filter(Boolean));
  let next = old.firstChild;
  for (const node of wanted) {
    const known = node.id && Array.from(old.children).find((child) => child.id === node.id);
    while (known && next && next !== known) next = drop(next);
    if (!next || (next.id && ids.has(next.id) && next !== known)) {
      old.insertBefore(node, next);
    } else {
      const { nextSibling } = next;
      merge(next, node);
      next = nextSibling;
    }
  }
  while (next) next = drop(next);
}

function drop(node) {
  const { nextSibling } = node;
  node.remove();
  return nextSibling;
}
