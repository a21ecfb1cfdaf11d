import { Marked, type Tokens } from "marked";
import sanitizeHtml from "sanitize-html";

/** Beyond it the end of an answer is shown as it is: no parser shall hold up the streams of others. */
const MAX_RENDERED_CHARS = 200_000;

/** Headings of an answer stand below those of the page. */
const HEADING_SHIFT = 2;
const DEEPEST_HEADING = 6;

/**
 * A model's text is foreign: HTML in it is shown as text, pictures become links, so that reading an answer asks no
 * other server for anything.
 */
const markdown = new Marked({
  gfm: true,
  renderer: {
    html: ({ text, block }: Tokens.HTML | Tokens.Tag) =>
      block ? `<p>${Bun.escapeHTML(text)}</p>` : Bun.escapeHTML(text),
    image: ({ href, text }) => `<a href="${Bun.escapeHTML(href)}">${Bun.escapeHTML(text || href)}</a>`,
    checkbox: ({ checked }) => (checked ? "☑ " : "☐ "),
    heading({ tokens, depth }) {
      const level = Math.min(DEEPEST_HEADING, depth + HEADING_SHIFT);
      return `<h${level}>${this.parser.parseInline(tokens)}</h${level}>`;
    },
  },
});

/** What is left of the rendered text, whatever the renderer made. */
const ALLOWED: sanitizeHtml.IOptions = {
  allowedTags:
    "p br hr em strong del code pre blockquote ul ol li h3 h4 h5 h6 table thead tbody tr th td a div".split(
      " ",
    ),
  allowedAttributes: {
    a: ["href", "title", "rel", "target"],
    ol: ["start"],
    pre: ["tabindex"],
    div: ["class", "tabindex"],
    th: ["class"],
    td: ["class"],
  },
  allowedClasses: { div: ["scroll"], th: ["right"], td: ["right"] },
  allowedSchemes: ["http", "https", "mailto"],
  allowProtocolRelative: false,
  transformTags: {
    a: (_, attributes) => ({
      tagName: "a",
      attribs: { ...attributes, rel: "noopener noreferrer nofollow", target: "_blank" },
    }),
    pre: () => ({ tagName: "pre", attribs: { tabindex: "0" } }),
    th: (_, { align }) => cell("th", align),
    td: (_, { align }) => cell("td", align),
  },
};

function cell(tagName: string, align: string | undefined) {
  return { tagName, attribs: (align === "right" ? { class: "right" } : {}) as Record<string, string> };
}

/** Markdown as HTML that can be put into a page as it is. */
export function renderMarkdown(source: string): string {
  const rest = source.slice(MAX_RENDERED_CHARS);
  return rendered(source.slice(0, MAX_RENDERED_CHARS)) + (rest && `<pre>${Bun.escapeHTML(rest)}</pre>`);
}

function rendered(source: string): string {
  const html = markdown.parse(source, { async: false });
  return sanitizeHtml(html, ALLOWED)
    .replaceAll("<table>", '<div class="scroll" tabindex="0"><table>')
    .replaceAll("</table>", "</table></div>");
}

/** Markdown that still grows: its finished blocks are rendered once, only the end of it again and again. */
export class GrowingMarkdown {
  #open = "";
  #length = 0;

  /** `settled` is to be appended to what was settled before, `open` stands behind it until the next call. */
  push(text: string): { settled: string; open: string } {
    this.#length += text.length;
    this.#open += text;
    if (this.#length > MAX_RENDERED_CHARS) {
      const settled = `<pre>${Bun.escapeHTML(this.#open)}</pre>`;
      this.#open = "";
      return { settled, open: "" };
    }
    const length = settledLength(this.#open);
    const settled = length === 0 ? "" : rendered(this.#open.slice(0, length));
    this.#open = this.#open.slice(length);
    return { settled, open: rendered(this.#open) };
  }
}

/** Up to the last two blocks: what follows may still belong to one of them. */
function settledLength(source: string): number {
  const blocks = markdown.lexer(source) as Tokens.Generic[];
  let kept = 0;
  let end = blocks.length;
  while (end > 0 && kept < 2) {
    end -= 1;
    if (blocks[end]?.type !== "space") kept += 1;
  }
  return blocks.slice(0, end).reduce((sum, { raw }) => sum + raw.length, 0);
}
