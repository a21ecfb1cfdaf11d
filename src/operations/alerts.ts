import { createHmac } from "node:crypto";
import type { Clock } from "../clock.ts";
import type { Logger } from "../log.ts";
import type { KeyGlance } from "../pool/types.ts";
import type { LiveFigures } from "../record/types.ts";
import type { Settings } from "../settings.ts";
import type { Storage } from "../storage/types.ts";
import { postOnce } from "../upstream/post.ts";
import type { UpstreamClient } from "../upstream/types.ts";
import { type Alert, findAlerts, TOLD_AFTER_MS } from "./alert-conditions.ts";

/** What was told survives a restart, so that nothing is told twice. */
const TOLD_FACT = "alerts_told";
/** One look sends no more; the rest follows with the next. */
const MAX_MESSAGES_A_LOOK = 20;
const FIRST_RETRY_MS = 5_000;
const LONGEST_RETRY_MS = 300_000;

export interface AlertDeps {
  clock: Clock;
  log: Logger;
  client: UpstreamClient;
  storage: Pick<Storage, "facts">;
  settings(): Settings;
  keys(): KeyGlance[];
  figures(): Pick<LiveFigures, "minutes" | "recorder">;
}

interface Told {
  alert: Alert;
  /** When it was first seen, epoch ms. */
  since: number;
}

/**
 * Tells a webhook what somebody should know: once when it begins, once when it is over. What the webhook didn't take
 * is sent again with growing pauses; what was over before it could be told is not told at all.
 */
export class Alerts {
  #told: Map<string, Told> | null = null;
  readonly #seenAt = new Map<string, number>();
  #failures = 0;
  #retryAt = 0;

  constructor(private readonly deps: AlertDeps) {}

  /** To be called every few seconds; never two at a time. */
  async look(): Promise<void> {
    const { clock, settings } = this.deps;
    const { alertWebhookUrl: url } = settings();
    if (url === null || clock.monotonic() < this.#retryAt) return;
    this.#told ??= await this.#load();
    const messages = this.#messages(this.#told);
    for (const message of messages.slice(0, MAX_MESSAGES_A_LOOK)) {
      if (!(await this.#send(url, message))) return;
      if (message.state === "firing") this.#told.set(message.alert.id, message);
      else this.#told.delete(message.alert.id);
      await this.#save(this.#told);
    }
  }

  /** What is to be told, the oldest first. */
  #messages(told: Map<string, Told>): Message[] {
    const { clock, settings, keys, figures } = this.deps;
    const now = clock.now();
    const situation = { keys: keys(), ...figures(), settings: settings(), told: new Set(told.keys()) };
    const found = new Map(findAlerts(situation).map((alert) => [alert.id, alert]));
    for (const id of this.#seenAt.keys()) if (!found.has(id)) this.#seenAt.delete(id);
    for (const id of found.keys()) if (!this.#seenAt.has(id)) this.#seenAt.set(id, now);
    const over = [...told.values()].filter(({ alert }) => !found.has(alert.id));
    const lasts = ({ id, name }: Alert) => now - (this.#seenAt.get(id) ?? now) >= (TOLD_AFTER_MS[name] ?? 0);
    const begun = [...found.values()].filter((alert) => !told.has(alert.id) && lasts(alert));
    return [
      ...over.map((one): Message => ({ ...one, state: "resolved" })),
      ...begun.map(
        (alert): Message => ({ alert, since: this.#seenAt.get(alert.id) ?? now, state: "firing" }),
      ),
    ];
  }

  /** Sends a message that means nothing, at once and once. Answers why it was not taken, null where it was. */
  async sendTest(): Promise<string | null> {
    const { clock, settings } = this.deps;
    const { alertWebhookUrl: url } = settings();
    if (url === null) return "no alert webhook URL is saved";
    const message = "A test: alerts of this Load Balancer arrive here.";
    const alert = { id: "test", name: "test", message, details: {} } as const;
    return this.#post(url, { alert, since: clock.now(), state: "firing" });
  }

  async #send(url: string, message: Message): Promise<boolean> {
    const { clock, log } = this.deps;
    const problem = await this.#post(url, message);
    if (problem === null) {
      this.#failures = 0;
      return true;
    }
    const pause = Math.min(FIRST_RETRY_MS * 2 ** Math.min(this.#failures, 10), LONGEST_RETRY_MS);
    this.#failures += 1;
    this.#retryAt = clock.monotonic() + pause;
    log.warn("the alert webhook took nothing; it is asked again", { problem, retry_ms: pause });
    return false;
  }

  /** Null where the webhook took it. */
  #post(url: string, message: Message): Promise<string | null> {
    const { clock, client, settings } = this.deps;
    const body = JSON.stringify(messageJson(message, clock.now()));
    const timestamp = String(Math.floor(clock.now() / 1_000));
    const secret = settings().alertWebhookSecret?.reveal() ?? null;
    return postOnce(
      client,
      url,
      [
        ["content-type", "application/json"],
        ["user-agent", "load-balancer"],
        ["x-lb-timestamp", timestamp],
        ...(secret === null ? [] : [signature(secret, timestamp, body)]),
      ],
      Buffer.from(body),
    ).then(
      (status) => (status >= 200 && status < 300 ? null : `it answered ${status}`),
      (error: Error) => error.message,
    );
  }

  async #load(): Promise<Map<string, Told>> {
    const text = await this.deps.storage.facts.get(TOLD_FACT);
    return new Map((text === null ? [] : (JSON.parse(text) as Told[])).map((one) => [one.alert.id, one]));
  }

  /** While storage fails, memory knows. */
  async #save(told: Map<string, Told>): Promise<void> {
    await this.deps.storage.facts.set(TOLD_FACT, JSON.stringify([...told.values()])).catch(() => undefined);
  }
}

interface Message extends Told {
  state: "firing" | "resolved";
}

function messageJson({ alert, since, state }: Message, now: number) {
  return {
    alert: alert.name,
    state,
    message: state === "firing" ? alert.message : `Over: ${alert.message}`,
    since: new Date(since).toISOString(),
    at: new Date(now).toISOString(),
    details: alert.details,
  };
}

/** Over the time too, so that an old message can't be sent again by somebody else. */
function signature(secret: string, timestamp: string, body: string): [string, string] {
  const digest = createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex");
  return ["x-lb-signature", `sha256=${digest}`];
}
