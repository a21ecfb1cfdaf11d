import { APP_PASSWORD } from "./app.ts";
import { seen } from "./html.ts";

export interface Visit {
  status: number;
  /** Where it ended after redirects. */
  path: string;
  html: string;
  /** What is read in its main part. */
  text: string;
}

export interface Visitor {
  cookie: string;
  /** A page, or with `form` what its form sends; redirects are followed, as a browser without scripts does. */
  visit(path: string, form?: Record<string, string> | [string, string][]): Promise<Visit>;
}

/** Someone who has logged in to the whole program and uses it without scripts. */
export async function logInTo(url: string): Promise<Visitor> {
  const jar = new Map<string, string>();
  const take = (answer: Response) => {
    for (const set of answer.headers.getSetCookie()) {
      const [pair = ""] = set.split(";");
      jar.set(pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1));
    }
  };
  const cookies = () => [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
  const visit: Visitor["visit"] = async (path, form) => {
    const answer = await fetch(url + path, {
      method: form ? "POST" : "GET",
      redirect: "manual",
      headers: { cookie: cookies(), ...(form && { origin: url }) },
      ...(form && { body: new URLSearchParams(form) }),
    });
    take(answer);
    const to = answer.headers.get("location");
    if (to !== null) return visit(to);
    const html = await answer.text();
    const main = html.slice(html.indexOf("<main"), html.indexOf("</main>"));
    const text = (await seen(main)).text.replace(/\s+/g, " ");
    return { status: answer.status, path, html, text };
  };
  const entered = await visit("/login", { password: APP_PASSWORD });
  if (entered.path === "/login") throw new Error("the login was refused");
  return { cookie: cookies(), visit };
}
