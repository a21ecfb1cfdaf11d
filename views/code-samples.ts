export interface Sample {
  /** Part of an element's id. */
  id: string;
  label: string;
  code: string;
}

export interface SampledRequest {
  /** The OpenAI base URL, with `/v1`. */
  base: string;
  body: Record<string, unknown>;
}

/** Never a secret: each sample takes it from the environment. */
const KEY_VARIABLE = "LB_API_KEY";

/** A chat request as it is made from elsewhere. */
export function chatSamples({ base, body }: SampledRequest): Sample[] {
  return [
    { id: "curl", label: "curl", code: asCurl(`${base}/chat/completions`, body) },
    { id: "python", label: "Python", code: asPython(base, body) },
    { id: "javascript", label: "JavaScript", code: asJavaScript(base, body) },
  ];
}

/** @param body null: the request has none, or it is not known. */
export function asCurl(url: string, body: unknown, method = "POST"): string {
  const lines = [`curl ${method === "POST" ? "" : `-X ${method} `}${quoted(url)}`];
  lines.push(`  -H "Authorization: Bearer $${KEY_VARIABLE}"`);
  if (body !== null) {
    const text = typeof body === "string" ? body : JSON.stringify(body, null, 2);
    lines.push(`  -H 'content-type: application/json'`, `  -d ${quoted(text)}`);
  }
  return lines.join(" \\\n");
}

/** For a POSIX shell: nothing in it means anything. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function asPython(base: string, body: Record<string, unknown>): string {
  const fields = Object.entries(body).map(([name, value]) => `        ${json(name)}: ${python(value, 2)},`);
  const print =
    body.stream === true
      ? `for chunk in answer:\n    if chunk.choices:\n        print(chunk.choices[0].delta.content or "", end="", flush=True)`
      : "print(answer.choices[0].message.content)";
  return `import os
from openai import OpenAI

client = OpenAI(base_url=${json(base)}, api_key=os.environ["${KEY_VARIABLE}"])
answer = client.chat.completions.create(
    **{
${fields.join("\n")}
    }
)
${print}`;
}

function asJavaScript(base: string, body: Record<string, unknown>): string {
  const print =
    body.stream === true
      ? 'for await (const chunk of answer) process.stdout.write(chunk.choices[0]?.delta?.content ?? "");'
      : "console.log(answer.choices[0].message.content);";
  return `import { env } from "node:process";
import OpenAI from "openai";

const client = new OpenAI({ baseURL: ${json(base)}, apiKey: env.${KEY_VARIABLE} });
const answer = await client.chat.completions.create(${JSON.stringify(body, null, 2)});
${print}`;
}

/** JSON's escapes mean the same in a Python string. */
function json(text: string): string {
  return JSON.stringify(text);
}

function python(value: unknown, depth: number): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value !== "object") return JSON.stringify(value);
  const inside = "    ".repeat(depth + 1);
  const end = "    ".repeat(depth);
  if (Array.isArray(value)) {
    if (value.length === 0) return "[]";
    return `[\n${value.map((item) => `${inside}${python(item, depth + 1)},\n`).join("")}${end}]`;
  }
  const fields = Object.entries(value);
  if (fields.length === 0) return "{}";
  return `{\n${fields.map(([name, item]) => `${inside}${json(name)}: ${python(item, depth + 1)},\n`).join("")}${end}}`;
}
