import { APP_PASSWORD } from "./app.ts";

export interface Answer {
  status: number;
  headers: Headers;
  html: string;
}

/** A person without scripts: cookies are kept, forms are sent as a browser sends them, redirects are followed. */
export interface Person {
  get(path: string): Promise<Answer>;
  /** Sends a form, then reads the page that it leads to. */
  send(path: string, form?: Record<string, string>): Promise<Answer>;
  cookie(): string;
}

/** Someone who has logged in at a running program (`startApp`). */
export async function signIn(url: string, password = APP_PASSWORD): Promise<Person> {
  const cookies = new Map<string, string>();
  const cookie = () => [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  const ask = async (path: string, body?: URLSearchParams): Promise<Answer> => {
    const answer = await fetch(url + path, {
      method: body ? "POST" : "GET",
      redirect: "manual",
      headers: { cookie: cookie(), origin: url },
      ...(body && { body }),
    });
    for (const set of answer.headers.getSetCookie()) {
      const [name = "", value = ""] = set.split(";", 1)[0]?.split("=") ?? [];
      cookies.set(name, value);
    }
    const to = answer.headers.get("location");
    return to === null
      ? { status: answer.status, headers: answer.headers, html: await answer.text() }
      : ask(to);
  };
  const send: Person["send"] = (path, form = {}) => ask(path, new URLSearchParams(form));
  await send("/login", { password });
  return { get: (path) => ask(path), send, cookie };
}
