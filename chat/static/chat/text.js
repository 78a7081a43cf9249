// The assistant's words as DOM: web addresses become links, [this](/help/this/) one to our own pages,
// **this** becomes bold, nothing else. Only text nodes and these two elements are made, so words can
// never become markup; and words never hide that a link leads to somebody else's pages.

const MARKS = /\*\*(?=\S)([^*\n]+?)\*\*|\[([^[\]\n]+)\]\((\/(?![/\\])[^\s()]*)\)|https?:\/\/[^\s<>"]+/gi;

/** A fragment of the text; line breaks are left to `white-space: pre-wrap`. */
export function formatted(text) {
  const fragment = document.createDocumentFragment();
  let end = 0;
  for (const found of text.matchAll(MARKS)) {
    const [whole, strong, words, path] = found;
    fragment.append(text.slice(end, found.index));
    end = found.index + whole.length;
    if (strong) {
      fragment.append(Object.assign(document.createElement("strong"), { textContent: strong }));
    } else if (path) {
      fragment.append(link(new URL(path, location.origin).href, words));
    } else {
      const address = withoutPunctuation(whole);
      fragment.append(link(address), whole.slice(address.length));
    }
  }
  fragment.append(text.slice(end));
  return fragment;
}

/** A link that opens beside the shop, or plain text where the address is no web address. */
export function link(address, words = address) {
  if (!URL.canParse(address) || !["http:", "https:"].includes(new URL(address).protocol)) {
    return document.createTextNode(words);
  }
  const anchor = document.createElement("a");
  return Object.assign(anchor, { href: address, textContent: words, target: "_blank", rel: "noopener noreferrer nofollow" });
}

/** "(see https://shop.example/a_(b))." links to https://shop.example/a_(b) */
function withoutPunctuation(address) {
  let url = address;
  for (;;) {
    const last = url.at(-1);
    const unopened = last === ")" && url.split(")").length > url.split("(").length;
    if (!unopened && !".,;:!?'\"*]}".includes(last)) return url;
    url = url.slice(0, -1);
  }
}
