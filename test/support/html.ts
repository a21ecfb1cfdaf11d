/** What a browser would see of HTML: read with the runtime's own parser, so that markup in disguise shows. */
export interface Seen {
  elements: { tag: string; attributes: [name: string, value: string][] }[];
  /** The text that is no markup, entities resolved. */
  text: string;
}

export async function seen(html: string): Promise<Seen> {
  const elements: Seen["elements"] = [];
  let text = "";
  const rewriter = new HTMLRewriter()
    .on("*", {
      element(element) {
        elements.push({ tag: element.tagName, attributes: [...element.attributes] as [string, string][] });
      },
    })
    .onDocument({
      text(chunk) {
        text += chunk.text;
      },
    });
  await rewriter.transform(new Response(html)).text();
  return { elements, text: resolve(text) };
}

/** As htmx 4 does before it parses an answer: `<hx-…>` becomes a template, wherever it stands. */
export function asHtmxReads(html: string): string {
  return html
    .replace(/<hx-([a-z]+)(\s+|>)/gi, '<template hx type="$1"$2')
    .replace(/<\/hx-[a-z]+>/gi, "</template>")
    .replace(/<head(\s[^>]*)?>[\s\S]*?<\/head>/i, "");
}

const ENTITIES: Record<string, string> = {
  lt: "<",
  gt: ">",
  quot: '"',
  amp: "&",
  "#x27": "'",
  "#39": "'",
  "#34": '"',
};

function resolve(text: string): string {
  return text.replace(/&(lt|gt|quot|amp|#x27|#39|#34);/g, (_, name: string) => ENTITIES[name] as string);
}
